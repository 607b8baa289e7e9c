"""What a debtor's bookkeeper does in Tryton, for tests/tryton.rs.

    seed.py CONF DATABASE begin    suppliers, and supplier invoices in every state; prints the key of a read-only user
    seed.py CONF DATABASE go-on    pays, takes a payment back, approves: what happens later
    seed.py CONF DATABASE revoke   takes the key back
"""

import datetime
import sys
from decimal import Decimal

from proteus import Model, Wizard, config
from trytond.exceptions import UserWarning
from trytond.modules.account.tests.tools import create_chart, create_fiscalyear, get_accounts
from trytond.modules.account_invoice.tests.tools import set_fiscalyear_invoice_sequences
from trytond.modules.company.tests.tools import create_company, get_company

TODAY = datetime.date.today()
# What a key needs to read, and nothing more.
READABLE = [
    "account.invoice", "account.invoice.line", "account.move", "account.move.line", "account.payment",
    "account.move.reconciliation", "account.invoice-account.move.line", "party.party", "party.identifier",
    "currency.currency", "company.company", "account.account",
]


def supplier(name, *identifiers):
    party = Model.get("party.party")(name=name)
    party.save()
    for kind, code in identifiers:
        party.identifiers.new(type=kind, code=code)
    party.save()
    return party


def invoice(party, reference, amount):
    made = Model.get("account.invoice")(type="in", party=party, reference=reference, invoice_date=TODAY)
    line = made.lines.new()
    line.account = get_accounts()["expense"]
    line.description = "Goods"
    line.quantity = 1
    line.unit_price = Decimal(amount)
    made.save()
    return made


def posted(party, reference, amount):
    made = invoice(party, reference, amount)
    try:
        made.click("post")
    except UserWarning as warning:
        # A reference that was used before: the bookkeeper means it.
        Model.get("res.user.warning")(user=config.get_config().user, name=warning.name).save()
        made.click("post")
    return made


def pay(owed, amount):
    wizard = Wizard("account.invoice.pay", [owed])
    wizard.form.amount = Decimal(amount)
    wizard.form.payment_method = Model.get("account.invoice.payment.method").find([])[0]
    wizard.form.date = TODAY
    wizard.execute("choice")
    if wizard.form_state == "ask":
        wizard.form.type = "partial"
        wizard.execute("pay")
    owed.reload()


def payment(owed, state):
    """A payment of an invoice, as far as this state."""
    made = Model.get("account.payment")()
    made.journal = Model.get("account.payment.journal").find([])[0]
    made.kind = "payable"
    made.party = owed.party
    made.line = owed.lines_to_pay[0]
    made.amount = owed.amount_to_pay
    made.date = TODAY
    made.save()
    made.click("submit")
    if state in ("approved", "processing"):
        made.click("approve")
    if state == "processing":
        made.click("process_wizard")
    made.reload()
    return made


def begin():
    euro = Model.get("currency.currency")(name="Euro", symbol="€", code="EUR")
    euro.rounding = Decimal("0.01")
    euro.digits = 2
    euro.save()
    create_company(supplier("Afnemer"), euro)
    company = get_company()
    fiscal_year = set_fiscalyear_invoice_sequences(create_fiscalyear(company, TODAY))
    fiscal_year.click("create_period")
    create_chart(company)
    accounts = get_accounts(company)
    method = Model.get("account.invoice.payment.method")()
    method.name = "Bank"
    method.journal = Model.get("account.journal").find([("type", "=", "cash")])[0]
    method.credit_account = method.debit_account = accounts["cash"]
    method.save()
    journal = Model.get("account.payment.journal")(name="Bank", process_method="manual")
    journal.save()

    belgian = supplier("Leverancier BE", ("be_vat", "BE 0403.019.261"))
    dutch = supplier("Leverancier NL", ("nl_vat", "NL854502130B01"))
    strange = supplier("Leverancier zonder nummer")
    invoice(belgian, "BE/1", "100.00")
    invoice(belgian, "BE/2", "200.00").click("validate_invoice")
    posted(belgian, "BE-3", "300.00")
    pay(posted(belgian, "BE-4", "400.00"), "150.00")
    pay(posted(belgian, "BE-5", "500.00"), "500.00")
    owed = posted(belgian, "BE-6", "600.00")
    credit = Wizard("account.invoice.credit", [owed])
    credit.form.with_refund = True
    credit.form.invoice_date = TODAY
    credit.execute("credit")
    posted(belgian, "BE-7", "700.00").click("cancel")
    payment(posted(belgian, "BE-8", "800.00"), "approved")
    payment(posted(belgian, "BE-9", "900.00"), "processing")
    posted(dutch, "2026 00010", "1000.00")
    posted(dutch, "never registered", "1100.00")
    posted(strange, "BE-3", "300.00")
    posted(belgian, "BE-12", "1200.00").click("cancel")
    posted(belgian, "BE-12", "1200.00")
    posted(belgian, "BE-13", "1300.00")

    group = Model.get("res.group")(name="Registry")
    group.save()
    access = Model.get("ir.model.access")
    for model in READABLE:
        rights = access(model=model, group=group)
        rights.perm_read = True
        rights.perm_write = rights.perm_create = rights.perm_delete = False
        rights.save()
    user = Model.get("res.user")(name="Registry", login="registry")
    user.groups.append(group)
    user.companies.append(company)
    user.company = company
    user.save()
    key = Model.get("res.user.application")(user=user, application="rest")
    key.save()
    if key.state == "requested":
        key.click("validate_")
    print(key.key)


def by_reference(reference):
    return Model.get("account.invoice").find([("reference", "=", reference), ("state", "!=", "cancelled")])[0]


def go_on():
    by_reference("BE/1").click("post")
    pay(by_reference("BE-4"), "250.00")
    # The bank gave it back: what was matched is matched no more.
    paid = by_reference("BE-5")
    reconciliation = Model.get("account.move.reconciliation")
    matched = {line.reconciliation.id for line in paid.lines_to_pay if line.reconciliation}
    for number in matched:
        reconciliation(number).delete()
    paid.reload()
    assert paid.state == "posted", paid.state
    for made in Model.get("account.payment").find([("state", "=", "processing")]):
        made.click("fail")


def revoke():
    for key in Model.get("res.user.application").find([("user.login", "=", "registry")]):
        key.click("cancel")


def main():
    conf, database, what = sys.argv[1:]
    config.set_trytond(database=f"sqlite:///{database}" if "/" in database else database, config_file=conf)
    if what != "begin":
        current = config.get_config()
        current._context = Model.get("res.user").get_preferences(True, {})
    {"begin": begin, "go-on": go_on, "revoke": revoke}[what]()


main()
