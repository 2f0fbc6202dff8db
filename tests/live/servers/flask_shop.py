"""A shop in Flask: a page from a template, and an answer in JSON after a wait. For gunicorn.sh."""
import json
import time

from flask import Flask, jsonify, render_template_string

application = Flask(__name__)
LIST = "<ul>{% for item in items %}<li>{{ item.name|upper }} {{ '%.2f' % item.price }}</li>{% endfor %}</ul>"


def price(number):
    return sum(i * 0.5 for i in range(number))


@application.route("/list/<int:count>")
def items(count):
    return render_template_string(LIST, items=[{"name": f"item {i}", "price": price(i)} for i in range(count)])


@application.route("/json")
def stock():
    time.sleep(0.001)
    return jsonify([{"item": i, "sizes": json.dumps(list(range(20)))} for i in range(30)])
