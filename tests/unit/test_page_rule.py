"""What does a merchant's own rule say, and when does it count?"""

from __future__ import annotations

from decimal import Decimal

import pytest

from notifier.connectors.base import WatchedVariant
from notifier.connectors.page_reading.document import read_document
from notifier.connectors.page_reading.reading import read_page
from notifier.connectors.page_reading.rule import Rule
from notifier.connectors.page_reading.rule_reading import read_rule
from notifier.connectors.page_reading.timed_regex import Search, search_all
from notifier.errors import ConfigError, LookFailed

IN = Rule(in_stock="button.add", out_of_stock=".status :: sold out")
SAYS_IN = """<script type="application/ld+json">{"@type":"Product","name":"Mug","sku":"MUG",
  "offers":{"price":"5","priceCurrency":"EUR","availability":"InStock","inventoryLevel":4}}
  </script>"""


def ask(rule: Rule, html: str) -> str:
    answer = read_rule(rule, page=read_document(html.encode()))
    return answer.availability.value if answer.answered else "no answer"


@pytest.mark.parametrize(
    "button",
    [
        "<button class=add>Add</button>",
        "<div style='color:red'><button class=add aria-hidden=false>Add</button></div>",
    ],
)
def test_a_visible_usable_button_is_a_sign(button: str) -> None:
    assert ask(IN, button) == "in_stock"


@pytest.mark.parametrize(
    "button",
    [
        "<button class=add hidden>Add</button>",
        "<button class=add disabled>Add</button>",
        "<button class=add aria-disabled=true>Add</button>",
        "<button class=add aria-hidden=true>Add</button>",
        "<button class=add style='display: NONE'>Add</button>",
        "<button class=add style='visibility:hidden'>Add</button>",
        "<div style='display:none'><p><button class=add>Add</button></p></div>",
        "<div hidden><button class=add>Add</button></div>",
        "<fieldset disabled><button class=add>Add</button></fieldset>",
        "<template><button class=add>Add</button></template>",
        "<noscript><button class=add>Add</button></noscript>",
        "<input type=hidden class=add><script>'<button class=add>'</script>",
    ],
)
def test_a_button_nobody_can_use_is_no_sign(button: str) -> None:
    rule = Rule(in_stock=(".add",))

    assert ask(rule, button) == "no answer"


def test_a_greyed_out_sold_out_button_is_a_sign_of_being_sold_out() -> None:
    rule = Rule(in_stock="button :: add", out_of_stock="button :: sold out")

    assert ask(rule, "<button disabled>Sold Out</button>") == "out_of_stock"


@pytest.mark.parametrize(
    ("signal", "html", "hit"),
    [
        (".s :: sold   OUT", "<p class=s>Sadly <b>sold</b>\n out</p>", True),
        (".s :: sold out", "<p class=s>in stock</p><p>sold out</p>", False),
        (".s :: /sold\\s+out$/", "<p class=s>Sold out</p>", True),
        (":: /only \\d+ left/", "<div>Only <i>3</i> left</div>", True),
        (":: only 3", "<p>only 3</p>", True),
        (":: secret", "<script>secret</script><p hidden>secret</p><style>secret</style>", False),
        (".a, .b :: yes", "<p class=b>Yes</p>", True),
        ("[data-available='true']", "<div data-available=true>x</div>", True),
        (".p @data-state :: /^gone$/", "<p class=p data-state=gone hidden></p>", True),
        ('script#s :: /"stock":0\\b/', '<script id=s>{"stock":0}</script>', True),
        ("input :: add to cart", "<input type=submit value='Add to cart'>", True),
        ("button :: add", "<button aria-label='Add to cart'><svg/></button>", True),
        (".s:not(.off)", "<p class='s off'>x</p>", False),
    ],
)
def test_signals_are_read_as_written(signal: str, html: str, hit: bool) -> None:
    assert ask(Rule(out_of_stock=signal), html) == ("out_of_stock" if hit else "no answer")


def test_pre_order_and_backorder_are_more_exact_than_in_stock() -> None:
    rule = Rule(in_stock=".add", preorder=".add :: pre-order", backorder=".add :: back-order")

    assert ask(rule, "<a class=add>PRE-ORDER</a>") == "preorder"
    assert ask(rule, "<a class=add>Back-Order</a>") == "backorder"
    assert ask(rule, "<a class=add>Buy</a>") == "in_stock"


def test_a_rule_that_finds_both_is_unknown_and_says_so() -> None:
    html = "<button class=add>Add</button><p class=status>Sold out</p>"

    answer = read_rule(IN, page=read_document(html.encode()))

    assert (answer.answered, answer.availability.value) == (True, "unknown")
    assert "both out_of_stock and in_stock" in answer.warnings[0]


def test_only_the_products_own_part_of_the_page_counts() -> None:
    rule = Rule(within="main", in_stock=".add", otherwise="out_of_stock")

    assert ask(rule, "<aside><b class=add>x</b></aside><main></main>") == "out_of_stock"
    assert ask(rule, "<main><b class=add>x</b></main>") == "in_stock"
    assert ask(rule, "<aside><b class=add>x</b></aside>") == "no answer"
    assert ask(rule, "<main><h1>Ket") == "unknown"  # what is missing may be in the rest
    assert ask(rule, "<main></main></html> cached") == "out_of_stock"


def test_eta_price_and_sku_are_read_from_the_page() -> None:
    rule = Rule(
        preorder=".go",
        eta=".row :: /ships\\s*:\\s*(.+)/",
        price=".price",
        sku=".go @href :: /order\\/(\\w+)/",
    )
    html = """<p class=price>1.299,00 \u20ac</p><p class=row>Ships : Feb. 2027</p>
      <a class=go href="/order/A7">Order</a>"""

    (seen,) = read_page(html.encode(), rule=rule).observations

    assert (seen.sku, seen.price, seen.currency) == ("A7", Decimal("1299.00"), "EUR")
    assert seen.eta is not None
    assert (seen.eta.iso(), seen.eta.text) == ("2027-02", "Feb. 2027")


def test_a_currency_the_page_does_not_name_comes_from_the_settings() -> None:
    html = b"<p class=price>$12.50</p><button class=add>Add</button>"
    rule = Rule(in_stock=".add", price=".price")

    (seen,) = read_page(html, rule=rule, currency="NZD").observations

    assert seen.currency == "NZD"


def test_the_rule_counts_more_than_the_markup() -> None:
    (seen,) = read_page(f"{SAYS_IN}<p class=status>Sold out".encode(), rule=IN).observations

    assert (seen.availability.value, seen.quantity) == ("out_of_stock", None)
    assert (seen.sku, seen.price) == ("MUG", Decimal(5))


def test_where_the_rule_says_nothing_the_markup_speaks_if_it_is_trusted() -> None:
    body = SAYS_IN.encode()

    trusted = read_page(body, rule=IN)
    distrusted = read_page(body, rule=IN, trust_markup=False)

    assert trusted.observations[0].availability == "in_stock"
    assert distrusted.observations[0].availability == "unknown"
    assert distrusted.observations[0].price == Decimal(5)


def test_the_rule_is_not_taken_for_all_variants_of_a_page() -> None:
    variants = ",".join(
        f'{{"@type":"Product","sku":"{sku}","offers":{{"availability":"InStock"}}}}'
        for sku in ("RED", "BLUE")
    )
    body = f"""<script type="application/ld+json">
      {{"@type":"ProductGroup","name":"Mug","hasVariant":[{variants}]}}</script>
      <p class=status>Sold out</p><i class=sku>BLUE</i>""".encode()
    by_sku = Rule(out_of_stock=".status :: sold out", sku=".sku")

    without = read_page(body, rule=IN)
    named = read_page(body, rule=by_sku)

    assert [o.availability for o in without.observations] == ["in_stock", "in_stock"]
    assert any("cannot tell the variants apart" in w for w in without.warnings)
    assert [o.availability for o in named.observations] == ["in_stock", "out_of_stock"]


def test_a_page_whose_rule_reads_another_sku_says_nothing_about_the_wanted_one() -> None:
    rule = Rule(in_stock=".add", sku=".sku")
    body = b"<button class=add>Add</button><i class=sku>BOWL</i>"
    wanted = (WatchedVariant(key="1", sku="MUG"),)

    assert read_page(body, rule=rule, wanted=wanted).observations == ()


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ({"in_stock": "a[["}, "rule.in_stock: 'a[[' is no CSS selector"),
        ({"in_stock": ""}, "rule.in_stock: '' says nothing"),
        ({"out_of_stock": ("p :: /(/",)}, "rule.out_of_stock: /(/ is no regular expression"),
        ({"out_of_stock": "p ::"}, "has nothing after `::`"),
        ({"sku": "@href"}, "needs a CSS selector before @href"),
        ({"otherwise": "maybe", "within": "p"}, "'maybe' is not possible"),
        ({"otherwise": "in_stock"}, "rule.within: `otherwise` needs it"),
        ({"eta": "p" * 400}, "at most 300"),
        ({"eta": f"p :: /{'a' * 400}/"}, "at most 300"),
    ],
)
def test_a_rule_that_cannot_be_read_is_refused_with_its_field(
    written: dict[str, str], words: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        Rule(**written)  # type: ignore[arg-type]

    assert words in str(caught.value)


def test_patterns_run_together_and_give_their_first_group() -> None:
    found = search_all(
        [
            Search(pattern="in (\\d+) days", text="ships IN 5 DAYS"),
            Search(pattern="days", text="ships in 5 days"),
            Search(pattern="weeks", text="ships in 5 days ชุด \ud83d"),
        ]
    )

    assert found == ["5", "days", None]


def test_a_pattern_without_end_is_stopped() -> None:
    with pytest.raises(LookFailed) as caught:
        search_all([Search(pattern="(a+)+$", text="a" * 60 + "!")], seconds=1)

    assert caught.value.code == "slow_pattern"
    assert "(a+)+$" in str(caught.value)
