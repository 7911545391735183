"""A client's past played again, by one set of files: what would have been texted, and when.

`past` and `orders` read what happened; `replay` lets it happen again, in the order of time;
`deciding` asks about each text what the engine would have asked; `remembered` keeps the little that
a decision rests on, and `fates` what became of each text.  There is no store, no provider and no
waiting, but the rules, the judges and the templates are those of the engine.
"""
