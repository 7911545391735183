"""Opt-outs in people's own words: what counts, what doesn't, and what people must decide."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textback.flow.opt_out import Wish, wants_out

# Least recall and least precision; the kept half was measured once, when the words were written.
LIMITS = {"seen": (0.98, 0.98), "kept": (0.95, 0.95)}
MOST_UNSURE = 0.1

REPLIES = Path(__file__).parent / "replies"
KEYWORDS = [
    *("STOP", "STOPALL", "STOP ALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE"),
    *("OPTOUT", "OPT OUT", "OPT-OUT", "REMOVE", "TD", "ARRET", "ARRÊT"),
]

OUT = [
    "stop txting me",
    "pls stop textin me",
    "Please stop texting me!!!",
    "S T O P",
    "st0p",
    "STOOOOP",
    "stop stop stop please",
    "who is this? stop",
    "Stop. I don't know you",
    "i said stop",
    "i asked you to stop",
    "can you please stop",
    "would you stop",
    "stop contacting me",
    "quit messaging me plz",
    "stop with the texts",
    "stop these text messages",
    "please stop all texts",
    "stop sending me this stuff",
    "stop sending these",
    "dont ever text me again",
    "DON'T TEXT ME",
    "do not contact me anymore",
    "don't message me ever again",
    "never contact me again",
    "remove me from your list",
    "take my number off your list please",
    "remove me",
    "please remove me",
    "get me off this list",
    "take me off this",
    "delete my number from your contacts",
    "lose my number",
    "forget this number",
    "i'd like to be taken off your list",
    "unsubscibe",
    "Unsubscribe pls",
    "i want to unsuscribe",
    "how do i opt out",
    "opting out",
    "opt-out please",
    "I revoke my consent",
    "revoke permission",
    "i do not consent to receiving texts",
    "you never had my consent to text me",
    "I don't want to receive any more messages from you",
    "I no longer wish to receive texts",
    "i dont want texts",
    "no more text messages",
    "no texts please",
    "no further contact",
    "turn off notifications",
    "fuck off",
    "go away",
    "blocked you",
    "blocking this number",
    "i'm blocking this number",
    "leave us alone!!",
    "end all messages",
    "cancel text alerts",
    "cancel my subscription",
    "please put me on your do not call list",
    "stop, wrong person",
    "if you message me again I'm reporting you",
    "next time you text me again I call the cops",
    "fed up with these texts",
    "stop spaming me",
    "stop the spam",
    "no me escriban más por favor",
    "dejen de mandarme mensajes",
    "deja de escribir",
    "por favor no me manden nada",
    "no quiero más mensajes de ustedes",
    "ya no me escriban",
    "no me vuelvan a escribir",
    "no me contacten",
    "quítenme de su lista",
    "elimine mi número",
    "bórreme de su base de datos",
    "quiero darme de baja",
    "me quiero dar de baja",
    "basta ya",
    "ya basta",
    "pare por favor",
    "paren de molestarme",
    "no moleste",
    "no me llame mas",
    "no autorizo mensajes",
    "déjenme tranquila",
    "cancelen los mensajes",
    "desuscribirme",
    "no quiero que me escriban",
    "arrêtez svp",
    "arretez les messages",
    "stop aux sms",
    "cessez de m'écrire",
    "arrête de m'envoyer des textos",
    "plus de messages svp",
    "plus aucun sms",
    "ne me contactez plus",
    "ne m'appelez plus jamais",
    "merci de ne plus me contacter",
    "je ne souhaite plus recevoir vos messages",
    "je veux plus de messages",
    "désabonnez-moi",
    "desabonement",
    "me désinscrire svp",
    "supprimez mon numéro",
    "enlevez-moi de la liste",
    "laissez-moi tranquille",
    "je retire mon consentement",
    "ne m'envoyez plus rien",
]
UNSURE = [
    "can you remove me from the 3pm slot",
    "don't text and drive lol",
    "can we opt out of the fluoride",
    "I don't want to miss your message",
    "alto, calle 5",
    "ne m'appelez pas, écrivez",
    "please don't stop texting me",
    "I didn't mean to unsubscribe",
    "Don't text me, I'm driving",
    "No me escriba, llámeme",
    "wrong number",
    "numero equivocado",
    "mauvais numéro",
    "not interested",
    "no me interesa",
    "cancel please",
    "this is harassment",
    "how do I stop this",
]
NO = [
    "stop by at 5",
    "I'll stop by after work",
    "can you stop by tomorrow",
    "please don't stop",
    "it won't stop leaking",
    "how do I stop the leak",
    "can you stop the water",
    "the toilet won't stop running",
    "is the bus stop near",
    "one stop shop?",
    "no stop sign there",
    "I need to stop the bleeding",
    "can I cancel my 3pm",
    "please cancel my appointment for tomorrow",
    "cancel the order",
    "need to cancel tomorrow and rebook",
    "what is your cancel policy",
    "end of the month works",
    "the end unit",
    "dead end road",
    "quit smoking program?",
    "do you remove stumps",
    "remove the junk in my garage",
    "I need help to remove a tree",
    "delete that last address, it's 14 Elm",
    "my number is 303 555 0199",
    "text me",
    "text me back please",
    "just text me",
    "my texts are not going through",
    "I got no text",
    "I did not get your text",
    "I didn't get a message",
    "sorry I missed your text",
    "dont forget the ladder",
    "do not come before 9",
    "I never text, call me",
    "I don't text anymore please call",
    "you never text me back",
    "I don't have permission from my landlord yet",
    "who is this",
    "wrong",
    "no",
    "nope",
    "No thanks",
    "yes please",
    "START",
    "help",
    "ok stop worrying",
    "shop",
    "step",
    "quite",
    "Quiet please",
    "the garage door stops halfway",
    "it stopped raining, can you come",
    "non stop noise from the furnace",
    "brakes make noise when I stop",
    "Liked “Hi, this is Bright Smile. Sorry we missed your call. Reply STOP to opt out”",
    'Reacted 👍 to "Sorry we missed your call. Reply STOP to opt out"',
    "Loved “Reply STOP to opt out”",
    "leave the keys with the neighbour",
    "leave me a message",
    "I want a message when you are near",
    "block heater needs repair",
    "my engine block is cracked",
    "cut the hedge in the front",
    "clear my gutters",
    "remove my old phone lines",
    "I am in the parking lot",
    "alta",
    "gracias, llámeme",
    "llámeme por favor",
    "no para de sonar",
    "no me duele más",
    "la muela no me molesta más",
    "necesito cancelar mi cita",
    "estoy de baja médica",
    "es la planta baja",
    "presión baja",
    "presion alta",
    "para mañana",
    "para las cinco",
    "no más de cien dólares",
    "no quiero la limpieza",
    "quiero saber el precio",
    "el mensaje no se entiende",
    "me mandan la factura",
    "mande la dirección",
    "saqueme la muela",
    "quite la nieve por favor",
    "no puedo más del dolor",
    "arrêt de bus",
    "je m'arrête chez vous demain",
    "il n'arrête pas de couler",
    "je n'ai plus d'eau",
    "plus tard",
    "plus de chauffage depuis hier",
    "annuler mon rendez-vous",
    "je voudrais annuler",
    "laissez-moi un message",
    "laisse moi finir",
    "appelez-moi",
    "envoyez-moi un message",
    "stp rappelez",
    "top !",
    "je ne peux pas venir",
    "retirez la neige",
    "enlevez le vieux chauffe-eau",
    "sortez la poubelle",
]


@pytest.mark.parametrize("keyword", KEYWORDS)
@pytest.mark.parametrize(
    "shape", ["{}", " {}. ", "\n{}!!!\n", "“{}”", "🛑 {} 🛑🏽", "{}\u200b", "*{}*"]
)
def test_no_keyword_of_a_provider_or_regulator_is_missed(keyword, shape):
    """However it is written."""
    for written in (keyword, keyword.lower(), keyword.title()):
        assert wants_out(shape.format(written)).wish is Wish.OUT


@pytest.mark.parametrize("body", OUT)
def test_it_is_said_in_many_ways(body):
    """Misspelt, rude, in three languages."""
    reading = wants_out(body)

    assert reading.wish is Wish.OUT
    assert reading.words


@pytest.mark.parametrize("body", UNSURE)
def test_what_a_careful_reader_would_ask_about(body):
    """It is people's to decide, with the words that it rests on."""
    reading = wants_out(body)

    assert reading.wish is Wish.UNSURE
    assert reading.words


@pytest.mark.parametrize("body", ["START", "help", "yes", "", "  ", "🛑", *NO])
def test_a_sentence_that_merely_has_the_word(body):
    """Other business, in words that opt-outs are made of, too."""
    assert wants_out(body).wish is Wish.NO


@given(body=st.text(max_size=60) | st.lists(st.sampled_from(OUT + NO), max_size=3).map(" ".join))
def test_any_text_can_be_read(body):
    """Whoever decides on it is told the words that it rests on."""
    reading = wants_out(body)

    assert (reading.wish is Wish.NO) == (not reading.words)


@pytest.mark.parametrize("half", ["seen", "kept"])
def test_replies_of_the_labelled_set(half):
    """An opt-out that is missed is worse than a question to people; both have their limits."""
    with (REPLIES / f"{half}.csv").open(encoding="utf-8", newline="") as file:
        replies = [(row["label"], wants_out(row["reply"]).wish) for row in csv.DictReader(file)]
    of_out = [wish for label, wish in replies if label == "out"]
    taken = [label for label, wish in replies if wish is Wish.OUT]
    recall = of_out.count(Wish.OUT) / len(of_out)
    caught = 1 - of_out.count(Wish.NO) / len(of_out)
    precision = taken.count("out") / len(taken)
    unsure = [wish for _, wish in replies].count(Wish.UNSURE) / len(replies)
    print(
        f"{half}: {len(replies)} replies, {len(of_out)} of them opt-outs; recall {recall:.1%}, "
        f"with the unsure ones {caught:.1%}; precision {precision:.1%}; unsure {unsure:.1%}"
    )

    least_recall, least_precision = LIMITS[half]
    assert recall >= least_recall
    assert precision >= least_precision
    assert unsure <= MOST_UNSURE
