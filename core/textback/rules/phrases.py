"""What the words of a text are searched for: offers, ways out, links, what nobody filled in.

Words are English, Spanish and French; of other languages only names, links and length are seen.
"""

from __future__ import annotations

import re

MARKETING = re.compile(
    r"""\b(?:
        discounts? | coupons? | promo(?:s|tions?|tional|[ ]codes?)? | vouchers? | giveaways?
      | (?:special|limited|exclusive|great|best|introductory)[ -](?:time[ ])?
        (?:offers?|deals?|prices?)
      | \d+[ ]?(?:%|percent)[ ]off | \$\d+[ ]off | save[ ](?:up[ ]to[ ])?[$£€]?\d+ | on[ ]sale
      | free[ ](?:gift|trial|quote|estimate|consultation|whitening|upgrade)s? | buy[ ](?:now|one)
      | act[ ]now | don't[ ]miss | last[ ]chance | limited[ ]time | and[ ]save | cash[ ]?back
      | descuentos? | ofertas? | promoci[oó]n(?:es)? | cup[oó]n(?:es)? | rebajas? | gratis
      | remises? | soldes? | promotions? | gratuite?s? | r[eé]ductions?
    )(?!\w)""",
    re.IGNORECASE | re.VERBOSE,
)
OPT_OUT = re.compile(
    r"\b(?:stop|unsubscribe|opt[ -]?out|cancel|end|quit|arr[eê]t|alto|baja|parar)\b", re.IGNORECASE
)
ABOUT_THE_CALL = re.compile(
    r"""\b(?:call(?:s|ed|ing)? | miss(?:ed)? | phoned? | r[ai]ng | reach(?:ed)?
      | closed | open | back | away | cerrad[oa]s? | abr(?:e|imos) | ferm[eé]e?s? | ouvr(?:e|ons)
      | llam(?:ada|adas|aste|[oó]|ar) | perdid[ao]s? | contestar | atender | r[eé]pondre
      | appel(?:s|[eé]e?)? | manqu[eé]e? | joindre
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)

# Links of these carry nobody's name, and carriers filter them:
# https://10dlccheck.com/learn/ctia-guidelines-explained
SHORTENERS = (
    *("bit.ly", "tinyurl.com", "goo.gl", "t.co", "ow.ly", "is.gd", "buff.ly", "rebrand.ly"),
    *("cutt.ly", "shorturl.at", "rb.gy", "t.ly", "tiny.cc", "bl.ink", "v.gd", "shorte.st"),
)
SHORTENER = re.compile(
    rf"(?<![\w.-])(?:https?://)?(?:www\.)?({'|'.join(map(re.escape, SHORTENERS))})/\w",
    re.IGNORECASE,
)

# What a template or a model leaves behind: {{ name }}, {name}, ${name}, %NAME%, [your name], Hi ,
UNFILLED = re.compile(
    r"""\$?\{[^{}\n]{0,60}\} | %[A-Z_]{3,30}%
      | \[ [^\[\]\n]{0,40} (?i:name|link|business|company|insert|date|time) [^\[\]\n]{0,40} \]
      | \b(?:None|undefined|null|NaN)\b(?=[,.!?]|\s*$)
      | \b(?:Hi|Hello|Hey|Dear|Hola|Bonjour|Salut)[ ]+[,!.]
    """,
    re.VERBOSE | re.MULTILINE,
)
