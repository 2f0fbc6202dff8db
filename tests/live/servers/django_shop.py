"""A shop in Django: one page from a template, through the usual middleware. For gunicorn.sh."""
import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.template import engines
from django.urls import path

settings.configure(
    ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, SECRET_KEY="of a test",
    MIDDLEWARE=["django.middleware.security.SecurityMiddleware", "django.middleware.common.CommonMiddleware",
                "django.middleware.csrf.CsrfViewMiddleware", "django.middleware.clickjacking.XFrameOptionsMiddleware"],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}])
django.setup()
LIST = engines["django"].from_string("<ul>{% for item in items %}{% if item %}<li>{{ item|add:1|floatformat:2 }}</li>{% endif %}{% endfor %}</ul>")


def items(request, count):
    return HttpResponse(LIST.render({"items": range(count)}, request))


urlpatterns = [path("list/<int:count>", items)]
application = get_wsgi_application()
