"""What is the least project in which django-oscar tells people that goods are back?

Written into a folder and run by the peer's own Python; nothing of it is imported here.
"""

from __future__ import annotations

from pathlib import Path

SETTINGS = '''
import os
from oscar.defaults import *

SECRET_KEY = "a key that only benchmarks would ever use"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ["PEER_DATABASE"],
        "ATOMIC_REQUESTS": True,
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = "127.0.0.1"
EMAIL_PORT = int(os.environ.get("PEER_SMTP_PORT", "1"))
EMAIL_TIMEOUT = 10
OSCAR_EAGER_ALERTS = False  # the command sends them, not the saving of the stock
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.sites",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.flatpages",
    "oscar.config.Shop",
    "oscar.apps.analytics.apps.AnalyticsConfig",
    "oscar.apps.checkout.apps.CheckoutConfig",
    "oscar.apps.address.apps.AddressConfig",
    "oscar.apps.shipping.apps.ShippingConfig",
    "oscar.apps.catalogue.apps.CatalogueConfig",
    "oscar.apps.catalogue.reviews.apps.CatalogueReviewsConfig",
    "oscar.apps.communication.apps.CommunicationConfig",
    "oscar.apps.partner.apps.PartnerConfig",
    "oscar.apps.basket.apps.BasketConfig",
    "oscar.apps.payment.apps.PaymentConfig",
    "oscar.apps.offer.apps.OfferConfig",
    "oscar.apps.order.apps.OrderConfig",
    "oscar.apps.customer.apps.CustomerConfig",
    "oscar.apps.search.apps.SearchConfig",
    "oscar.apps.voucher.apps.VoucherConfig",
    "oscar.apps.wishlists.apps.WishlistsConfig",
    "oscar.apps.dashboard.apps.DashboardConfig",
    "oscar.apps.dashboard.reports.apps.ReportsDashboardConfig",
    "oscar.apps.dashboard.users.apps.UsersDashboardConfig",
    "oscar.apps.dashboard.orders.apps.OrdersDashboardConfig",
    "oscar.apps.dashboard.catalogue.apps.CatalogueDashboardConfig",
    "oscar.apps.dashboard.offers.apps.OffersDashboardConfig",
    "oscar.apps.dashboard.partners.apps.PartnersDashboardConfig",
    "oscar.apps.dashboard.pages.apps.PagesDashboardConfig",
    "oscar.apps.dashboard.ranges.apps.RangesDashboardConfig",
    "oscar.apps.dashboard.reviews.apps.ReviewsDashboardConfig",
    "oscar.apps.dashboard.vouchers.apps.VouchersDashboardConfig",
    "oscar.apps.dashboard.communications.apps.CommunicationsDashboardConfig",
    "oscar.apps.dashboard.shipping.apps.ShippingDashboardConfig",
    "widget_tweaks",
    "haystack",
    "treebeard",
    "django_tables2",
]
SITE_ID = 1
ROOT_URLCONF = "peer_urls"
MIDDLEWARE = []
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.template.context_processors.i18n",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
HAYSTACK_CONNECTIONS = {"default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}}
USE_TZ = True


class _NoSteps:
    """Tables as they are today, at once: their history takes a minute and is not measured."""

    def __contains__(self, app):
        return True

    def __getitem__(self, app):
        return None


MIGRATION_MODULES = _NoSteps()
STATIC_URL = "/static/"
MEDIA_URL = "/media/"
'''

URLS = """
from django.apps import apps
from django.urls import include, path

urlpatterns = [path("", include(apps.get_app_config("oscar").urls[0]))]
"""

PROGRAM = '''
"""fill N: that many wait. send: the command, timed. left: how many are still to be told."""

import json, logging, os, resource, sys, time

os.environ["DJANGO_SETTINGS_MODULE"] = "peer_settings"
import django

django.setup()
logging.disable(logging.CRITICAL)
from django.core.management import call_command
from django.db import connection
from oscar.core.loading import get_model

ProductAlert = get_model("customer", "ProductAlert")


def fill(count):
    call_command("migrate", verbosity=0, run_syncdb=True)
    Product = get_model("catalogue", "Product")
    ProductClass = get_model("catalogue", "ProductClass")
    Partner, StockRecord = get_model("partner", "Partner"), get_model("partner", "StockRecord")
    kind = ProductClass.objects.create(name="Kettles")
    product = Product.objects.create(product_class=kind, title="Stovetop kettle", upc="K-1")
    partner = Partner.objects.create(name="Kettle & Co")
    stock = StockRecord.objects.create(
        product=product, partner=partner, partner_sku="K-1", price=49.90, num_in_stock=0
    )
    ProductAlert.objects.bulk_create(
        ProductAlert(product=product, email="waits-%07d@people.example" % n, key="k%d" % n,
                     status=ProductAlert.ACTIVE)
        for n in range(count)
    )
    stock.num_in_stock = count
    stock.save()


def send():
    asked = 0

    def counted(execute, sql, params, many, context):
        nonlocal asked
        asked += 1
        return execute(sql, params, many, context)

    began, cpu = time.perf_counter(), time.process_time()
    failed = ""
    with connection.execute_wrapper(counted):
        try:
            call_command("oscar_send_alerts", verbosity=0)
        except Exception as error:
            failed = type(error).__name__
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    if os.path.exists("/proc/self/status"):  # a child's first peak is its parent's
        with open("/proc/self/status") as status:
            peak = next(int(line.split()[1]) for line in status if "VmHWM" in line) / 1e3
    print(json.dumps({"seconds": seconds, "cpu": cpu, "peak_mb": peak, "queries": asked,
                      "failed": failed}))


def left():
    print(json.dumps({"left": ProductAlert.objects.filter(status=ProductAlert.ACTIVE).count()}))


{"fill": lambda: fill(int(sys.argv[2])), "send": send, "left": left}[sys.argv[1]]()
'''


def write_project(folder: Path) -> Path:
    """Into the folder; the program to run."""
    folder.mkdir(exist_ok=True)
    (folder / "peer_settings.py").write_text(SETTINGS.lstrip(), encoding="utf-8")
    (folder / "peer_urls.py").write_text(URLS.lstrip(), encoding="utf-8")
    program = folder / "peer.py"
    program.write_text(PROGRAM.lstrip(), encoding="utf-8")
    return program
