"""What does an incoming SMS ask for? (trust SM-7, SM-8; bad input 193)"""

from __future__ import annotations

import pytest

from notifier.domain.sms_keywords import Wish, read_wish

STOPS = """
stop| Stop. |STOP|STOP!!!|"stop"|stop\n|STOPALL|STOP ALL|stop-all|UNSUBSCRIBE|Cancel|END|quit
REVOKE|OPTOUT|OPT OUT|opt-out|Opt out.|ＳＴＯＰ|stop?|s t o p|
S.T.O.P.|STOP 🛑|🛑 stop|ARRET|arrêt|ALTO
pls stop texting me|please stop|Stop please!|stop now|STOP IT|stop sending me messages
stop these texts|Stop all messages|dont text me|don't text me again|Do not contact me
don’t message me|no more texts|no more messages please|remove me from your list
take me off this list|unsubscribe me|I want to unsubscribe|leave me alone|please cancel these alerts
quit texting me|never text me again
bitte keine SMS mehr|Bitte nicht mehr schreiben|abmelden|STOPP|no me manden más mensajes|baja
i said stop|Stop. Thank you
""".replace("\n", "|").split("|")

REVIEWS = """
don't stop|Don’t stop!|dont stop|do not stop|never stop|bus stop?|where is the bus stop
cancel my order|can I cancel?|I can't stop laughing|please don't cancel|not stopping by today
how do I unsubscribe?|bitte nicht stoppen
don't stop texting me|please do not stop sending messages|never cancel my alerts
""".replace("\n", "|").split("|")

OTHERS = """
thanks|when is it back?|ok|👍|is the red one in stock|the end of the week is fine|weekend|12345
unstoppable
""".replace("\n", "|").split("|")


@pytest.mark.parametrize("text", [text for text in STOPS if text])
def test_a_wish_to_stop_is_understood_in_words_and_in_sentences(text):
    assert read_wish(text) is Wish.STOP


@pytest.mark.parametrize("text", [text for text in REVIEWS if text])
def test_what_may_mean_the_opposite_is_for_a_person_to_read(text):
    assert read_wish(text) is Wish.REVIEW


@pytest.mark.parametrize("text", [*filter(None, OTHERS), "", "   ", "?!", "a" * 100_000])
def test_other_texts_are_not_taken_for_a_wish(text):
    assert read_wish(text) is Wish.OTHER


@pytest.mark.parametrize("text", ["START", " start. ", "Yes", "UNSTOP"])
def test_a_wish_to_start_again_is_its_own_answer(text):
    assert read_wish(text) is Wish.START


@pytest.mark.parametrize("text", ["HELP", "help!", "Info", "Hilfe", "ayuda"])
def test_a_call_for_help_is_its_own_answer(text):
    assert read_wish(text) is Wish.HELP
