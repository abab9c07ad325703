"""What does Kettle & Co sell, and how does its stock stand when the demo opens?

A dozen tea things, chosen so that every kind of availability is there: in stock, low, sold out,
one variant of three sold out, backorder, pre-order by day and by month, no longer made.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from notifier.domain.availability import Availability

__all__ = ["GOODS", "LANGUAGES", "Good", "Kind", "Words", "find_good", "find_kind", "opening_stock"]

LANGUAGES = ("en", "de", "es")
Words = dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A variant: its key, what it is called, its colour in pictures, its price in euros."""

    key: str
    label: Words
    glaze: str
    price: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Good:
    """A product. `asks`: more that the widget asks for on its page (its attributes)."""

    key: str
    slug: str
    art: str
    name: Words
    line: Words
    text: Words
    option: Words
    kinds: tuple[Kind, ...]
    alternatives: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """How one variant stands at first. `eta` is `2027-02-03`, `2027-02`, a range, or empty."""

    availability: Availability
    quantity: int | None = None
    eta: str = ""


def _w(en: str, de: str, es: str) -> Words:
    return {"en": en, "de": de, "es": es}


def _kind(key: str, label: Words, glaze: str, price: str) -> Kind:
    return Kind(key=key, label=label, glaze=glaze, price=Decimal(price))


_GLAZE = _w("Glaze", "Glasur", "Esmalte")
_COLOUR = _w("Colour", "Farbe", "Color")
_WEIGHT = _w("Weight", "Gewicht", "Peso")
_ONE = _w("", "", "")

GOODS = (
    Good(
        key="KETTLE",
        slug="ember-kettle",
        art="kettle",
        name=_w("Ember cast-iron kettle", "Gusseisenkessel Glut", "Hervidor de hierro Brasa"),
        line=_w("Boils slowly, stays hot for an hour.", "Kocht gemächlich, bleibt lange heiß.",
                "Hierve sin prisa y guarda el calor."),
        text=_w(
            "Sand-cast in one piece and enamelled inside, so nothing rusts and nothing tastes of "
            "iron. Holds 1.2 litres. We get a few dozen from the foundry at a time.",
            "In einem Stück in Sand gegossen und innen emailliert: Nichts rostet, nichts schmeckt "
            "nach Eisen. Fasst 1,2 Liter. Die Gießerei schickt uns je ein paar Dutzend.",
            "Fundido en arena de una sola pieza y esmaltado por dentro: no se oxida ni sabe a "
            "hierro. Caben 1,2 litros. La fundición nos manda unas docenas cada vez.",
        ),
        option=_ONE,
        kinds=(_kind("KETTLE-12", _w("1.2 l", "1,2 l", "1,2 l"), "iron", "96.00"),),
        asks=("quantity",),
    ),
    Good(
        key="TEAPOT",
        slug="morning-teapot",
        art="teapot",
        name=_w("Morning teapot", "Morgenkanne", "Tetera de la mañana"),
        line=_w("Three cups, one good pour.", "Drei Tassen, ein guter Guss.",
                "Tres tazas, un buen vertido."),
        text=_w(
            "Stoneware, thrown and glazed by hand. The lid stays on while you pour, and the spout "
            "does not drip. Holds 0.8 litres; dishwasher safe.",
            "Steinzeug, von Hand gedreht und glasiert. Der Deckel hält beim Gießen, die Tülle "
            "tropft nicht. Fasst 0,8 Liter; spülmaschinenfest.",
            "Gres torneado y esmaltado a mano. La tapa no se cae al servir y el pico no gotea. "
            "Caben 0,8 litros; apta para lavavajillas.",
        ),
        option=_GLAZE,
        kinds=(
            _kind("TEAPOT-MOSS", _w("Moss", "Moos", "Musgo"), "moss", "58.00"),
            _kind("TEAPOT-INK", _w("Ink", "Tinte", "Tinta"), "ink", "58.00"),
            _kind("TEAPOT-RUST", _w("Rust", "Rost", "Óxido"), "rust", "62.00"),
        ),
    ),
    Good(
        key="GOOSENECK",
        slug="heron-gooseneck",
        art="gooseneck",
        name=_w("Heron gooseneck kettle", "Schwanenhalskessel Reiher", "Hervidor Garza"),
        line=_w("For people who pour in circles.", "Für alle, die in Kreisen gießen.",
                "Para quien vierte en círculos."),
        text=_w(
            "A thin, steady stream from the first drop to the last. For gas and induction, "
            "0.9 litres, with a thermometer in the lid.",
            "Ein dünner, ruhiger Strahl vom ersten bis zum letzten Tropfen. Für Gas und Induktion, "
            "0,9 Liter, mit Thermometer im Deckel.",
            "Un chorro fino y firme de la primera gota a la última. Para gas e inducción, "
            "0,9 litros, con termómetro en la tapa.",
        ),
        option=_COLOUR,
        kinds=(
            _kind("HERON-STEEL", _w("Steel", "Stahl", "Acero"), "steel", "84.00"),
            _kind("HERON-BLACK", _w("Black", "Schwarz", "Negro"), "iron", "89.00"),
        ),
        asks=("physical-only",),
    ),
    Good(
        key="CADDY",
        slug="moon-caddy",
        art="caddy",
        name=_w("Moon tea caddy", "Teedose Mond", "Lata de té Luna"),
        line=_w("New this season. It closes with a sigh.", "Neu. Sie schließt mit einem Seufzer.",
                "Novedad. Se cierra con un suspiro."),
        text=_w(
            "Hand-beaten tin with a lid that sinks on its own air. Keeps 150 grams fresh. Our "
            "first batch is on its way.",
            "Von Hand getriebenes Blech, der Deckel sinkt auf seiner eigenen Luft. Hält 150 Gramm "
            "frisch. Die erste Lieferung ist unterwegs.",
            "Hojalata batida a mano; la tapa baja sobre su propio aire. Guarda 150 gramos. El "
            "primer lote está en camino.",
        ),
        option=_ONE,
        kinds=(_kind("CADDY-MOON", _w("150 g", "150 g", "150 g"), "brass", "32.00"),),
    ),
    Good(
        key="DARJEELING",
        slug="first-flush",
        art="pouch",
        name=_w("First flush Darjeeling", "Darjeeling First Flush", "Darjeeling First Flush"),
        line=_w("The first leaves of the year.", "Die ersten Blätter des Jahres.",
                "Las primeras hojas del año."),
        text=_w(
            "Picked in early spring, light and flowery, from one garden above Kurseong. It "
            "arrives by air the week it is packed.",
            "Im frühen Frühjahr gepflückt, hell und blumig, aus einem Garten über Kurseong. Kommt "
            "in der Woche der Packung mit dem Flugzeug.",
            "Cosechado al empezar la primavera, claro y floral, de un jardín sobre Kurseong. Llega "
            "en avión la semana en que se envasa.",
        ),
        option=_WEIGHT,
        kinds=(
            _kind("DARJ-100", _w("100 g", "100 g", "100 g"), "leaf", "18.00"),
            _kind("DARJ-250", _w("250 g", "250 g", "250 g"), "leaf", "39.00"),
        ),
        asks=("quantity",),
    ),
    Good(
        key="BOWL",
        slug="kumo-bowl",
        art="bowl",
        name=_w("Kumo matcha bowl", "Matcha-Schale Kumo", "Cuenco de matcha Kumo"),
        line=_w("Wide enough to whisk, small enough to hold.", "Weit genug für den Besen.",
                "Ancho para batir, justo para la mano."),
        text=_w(
            "Every bowl is fired once and never twice the same. Both glazes sell out within days "
            "of each firing.",
            "Jede Schale wird einmal gebrannt, keine gleicht der anderen. Beide Glasuren sind nach "
            "jedem Brand in Tagen verkauft.",
            "Cada cuenco se cuece una vez y no hay dos iguales. Los dos esmaltes se agotan a los "
            "pocos días de cada hornada.",
        ),
        option=_GLAZE,
        kinds=(
            _kind("BOWL-CLOUD", _w("Cloud", "Wolke", "Nube"), "cloud", "44.00"),
            _kind("BOWL-NIGHT", _w("Night", "Nacht", "Noche"), "night", "44.00"),
        ),
        asks=("any-variant",),
    ),
    Good(
        key="WHISK",
        slug="bamboo-whisk",
        art="whisk",
        name=_w("Bamboo whisk", "Bambusbesen", "Batidor de bambú"),
        line=_w("Eighty tines, cut from one piece.", "Achtzig Zinken aus einem Stück.",
                "Ochenta púas de una pieza."),
        text=_w(
            "Split by hand from a single stalk of white bamboo. Soak it for a minute, whisk, "
            "rinse, and let it dry standing.",
            "Von Hand aus einem Halm weißen Bambus gespalten. Eine Minute einweichen, schlagen, "
            "spülen und stehend trocknen.",
            "Hendido a mano de una sola caña de bambú blanco. Remójelo un minuto, bata, enjuague "
            "y déjelo secar de pie.",
        ),
        option=_ONE,
        kinds=(_kind("WHISK-80", _w("80 tines", "80 Zinken", "80 púas"), "bamboo", "16.00"),),
    ),
    Good(
        key="EARLGREY",
        slug="earl-grey",
        art="tin",
        name=_w("Earl Grey No. 4", "Earl Grey Nr. 4", "Earl Grey n.º 4"),
        line=_w("Bergamot, and not much else.", "Bergamotte, und sonst wenig.",
                "Bergamota y poco más."),
        text=_w(
            "Black tea from Uva with cold-pressed bergamot from Calabria. In a tin that is "
            "refilled, not thrown away.",
            "Schwarzer Tee aus Uva mit kalt gepresster Bergamotte aus Kalabrien. In einer Dose zum "
            "Nachfüllen.",
            "Té negro de Uva con bergamota de Calabria prensada en frío. En una lata que se "
            "rellena, no se tira.",
        ),
        option=_WEIGHT,
        kinds=(
            _kind("EARL-80", _w("80 g", "80 g", "80 g"), "blue", "9.50"),
            _kind("EARL-200", _w("200 g", "200 g", "200 g"), "blue", "19.00"),
        ),
    ),
    Good(
        key="INFUSER",
        slug="glass-infuser",
        art="infuser",
        name=_w("Double-wall infuser", "Doppelwandiges Teeglas", "Vaso infusor de doble pared"),
        line=_w("See it steep.", "Dem Tee beim Ziehen zusehen.", "Mire cómo infusiona."),
        text=_w(
            "Borosilicate glass with air in between: the tea stays hot and the fingers do not. "
            "With a steel basket, 0.3 litres.",
            "Borosilikatglas mit Luft dazwischen: Der Tee bleibt heiß, die Finger nicht. Mit "
            "Stahlsieb, 0,3 Liter.",
            "Vidrio de borosilicato con aire en medio: el té sigue caliente y los dedos no. Con "
            "filtro de acero, 0,3 litros.",
        ),
        option=_ONE,
        kinds=(_kind("INFUSER-30", _w("0.3 l", "0,3 l", "0,3 l"), "glass", "27.00"),),
    ),
    Good(
        key="TUMBLER",
        slug="voyage-tumbler",
        art="tumbler",
        name=_w("Voyage travel tumbler", "Reisebecher Voyage", "Vaso de viaje Voyage"),
        line=_w("Much loved, no longer made.", "Geliebt und nicht mehr gemacht.",
                "Muy querido; ya no se fabrica."),
        text=_w(
            "The workshop that made it has closed. Its successor keeps tea hot twice as long and "
            "does not leak in bags.",
            "Die Werkstatt gibt es nicht mehr. Der Nachfolger hält Tee doppelt so lange heiß und "
            "läuft in Taschen nicht aus.",
            "El taller que lo hacía ha cerrado. Su sucesor guarda el calor el doble de tiempo y no "
            "gotea en el bolso.",
        ),
        option=_ONE,
        kinds=(_kind("TUMBLER-1", _w("0.35 l", "0,35 l", "0,35 l"), "rust", "29.00"),),
        alternatives=("FLASK-SAND", "INFUSER-30"),
    ),
    Good(
        key="FLASK",
        slug="voyage-flask",
        art="flask",
        name=_w("Voyage II travel flask", "Reiseflasche Voyage II", "Termo de viaje Voyage II"),
        line=_w("Hot for twelve hours, quiet in a bag.", "Zwölf Stunden heiß, dicht in der Tasche.",
                "Doce horas caliente, sin goteos."),
        text=_w(
            "Steel in steel with nothing in between, and a cup for a lid. 0.5 litres. Sea is "
            "painted once a quarter.",
            "Stahl in Stahl mit nichts dazwischen, der Deckel ist ein Becher. 0,5 Liter. Meer wird "
            "einmal im Quartal lackiert.",
            "Acero dentro de acero y nada en medio; la tapa es una taza. 0,5 litros. El color Mar "
            "se pinta una vez por trimestre.",
        ),
        option=_COLOUR,
        kinds=(
            _kind("FLASK-SAND", _w("Sand", "Sand", "Arena"), "sand", "36.00"),
            _kind("FLASK-SEA", _w("Sea", "Meer", "Mar"), "sea", "36.00"),
        ),
    ),
    Good(
        key="COSY",
        slug="tea-cosy",
        art="cosy",
        name=_w("Lambswool tea cosy", "Teewärmer aus Lammwolle", "Cubretetera de lana"),
        line=_w("A jumper for the pot.", "Ein Pullover für die Kanne.",
                "Un jersey para la tetera."),
        text=_w(
            "Knitted on the Shetland Islands, lined with felt. Fits the Morning teapot and most "
            "pots up to a litre.",
            "Auf den Shetlandinseln gestrickt, mit Filz gefüttert. Passt auf die Morgenkanne und "
            "fast jede Kanne bis ein Liter.",
            "Tejido en las islas Shetland y forrado de fieltro. Sirve para la Tetera de la mañana "
            "y casi todas hasta un litro.",
        ),
        option=_ONE,
        kinds=(_kind("COSY-1", _w("One size", "Eine Größe", "Talla única"), "oat", "29.00"),),
    ),
)  # fmt: skip

_BY_SLUG = {good.slug: good for good in GOODS}
_BY_KIND = {kind.key: (good, kind) for good in GOODS for kind in good.kinds}


def find_good(slug: str) -> Good | None:
    """The product whose page has this address."""
    return _BY_SLUG.get(slug)


def find_kind(key: str) -> tuple[Good, Kind] | None:
    """A product and its variant by the variant's key."""
    return _BY_KIND.get(key)


def opening_stock(today: date) -> dict[str, Stand]:
    """How every variant stands when the demo opens. Dates lie ahead of `today`."""
    month = date(today.year + (today.month + 1) // 12, (today.month + 1) % 12 + 1, 1)
    soon, later = today + timedelta(days=18), today + timedelta(days=47)
    until = later + timedelta(days=9)
    there, out = Availability.IN_STOCK, Availability.OUT_OF_STOCK
    return {
        "KETTLE-12": Stand(availability=out, quantity=0),
        "TEAPOT-MOSS": Stand(availability=there, quantity=7),
        "TEAPOT-INK": Stand(availability=there, quantity=4),
        "TEAPOT-RUST": Stand(availability=out, quantity=0),
        "HERON-STEEL": Stand(availability=Availability.BACKORDER, eta=soon.isoformat()),
        "HERON-BLACK": Stand(availability=there, quantity=3),
        "CADDY-MOON": Stand(availability=Availability.PREORDER, eta=month.strftime("%Y-%m")),
        "DARJ-100": Stand(availability=Availability.PREORDER, eta=later.isoformat()),
        "DARJ-250": Stand(availability=Availability.PREORDER, eta=later.isoformat()),
        "BOWL-CLOUD": Stand(availability=out, quantity=0),
        "BOWL-NIGHT": Stand(availability=out, quantity=0),
        "WHISK-80": Stand(availability=there, quantity=24),
        "EARL-80": Stand(availability=there, quantity=40),
        "EARL-200": Stand(availability=there, quantity=12),
        "INFUSER-30": Stand(availability=there, quantity=2),
        "TUMBLER-1": Stand(availability=Availability.DISCONTINUED),
        "FLASK-SAND": Stand(availability=there, quantity=9),
        "FLASK-SEA": Stand(
            availability=out, quantity=0, eta=f"{later.isoformat()}/{until.isoformat()}"
        ),
        "COSY-1": Stand(availability=there, quantity=5),
    }
