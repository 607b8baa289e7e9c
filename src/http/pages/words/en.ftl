## Small words
list-and = { $first } and { $last }
month-01 = January
month-02 = February
month-03 = March
month-04 = April
month-05 = May
month-06 = June
month-07 = July
month-08 = August
month-09 = September
month-10 = October
month-11 = November
month-12 = December
count-invoices = { $count ->
    [one] { $count } invoice
   *[other] { $count } invoices
}
count-statements = { $count ->
    [one] { $count } statement
   *[other] { $count } statements
}

## The frame of every page
frame-for = For { $debtor }
frame-languages = Languages
frame-home = Overview
frame-invoices = Invoices
frame-foot = { $origin } keeps who stated what and when. It never moves money and never changes your books.
frame-leave = Close this visit

## The page behind the link of the mail
link-title = { $asker } asks to see the status of your invoices
link-title-visit = Your mandates
link-lead = You are { $debtor }. Nothing happens before you decide, and nothing is shown to anybody before you sign.
link-lead-visit = You are { $debtor }. Here you see who may follow the status of your invoices; you can change or stop that.
link-who = Who asks
link-why = Why
link-why-text = A supplier of yours wants to be paid before the due date. Whoever advances the money wants to know whether you received, approved or paid the invoice. You pay the same amount, no earlier.
link-which = For which invoices
link-until = Until when
link-see = What would be shown
link-see-text = The state of an invoice (received, approved, disputed, paid) and, if you agree, amounts and days. Never your other invoices, your bank account or anything else of your books.
link-allow = Allow
link-refuse = Refuse
link-open = Open my mandates
link-once = The link in the mail works once. After that, this browser stays open for this visit of one hour.
link-key = Your browser makes a key of its own with which you sign. It does not leave this device.
link-renew = The key of this browser was withdrawn. Press again: your browser makes a new one.

## The overview
home-title = Who may follow your invoices
home-requests = Waiting for your answer
home-requests-none = Nobody waits for an answer.
home-mandates = Mandates that you gave
home-mandates-none = You gave no mandate.
home-until = until { $day }
home-state-active = in force
home-state-pending = begins later
home-state-expired = expired
home-state-revoked = stopped
home-answer = Answer
home-change = Change
home-stop = Stop
home-stop-note = Stopping takes effect at once: from then on nothing more is shown. What was seen before stays seen.
home-invoices = Say yourself what became of your invoices
home-invoices-text = Approved, disputed, promised or paid: you sign it here, and whoever has your mandate sees it.
home-connect = Let a package report it
home-connect-text = Your accounting package is read at fixed times and never changed.

## The choice
choose-title = What { $asker } may see
choose-title-change = Change what { $asker } may see
choose-which = Which invoices?
choose-all = All invoices that I have to pay, also later ones
choose-suppliers = Only those of these suppliers
choose-invoices = Only the invoices that I tick
choose-asked = this was asked
choose-more = more than was asked
choose-no-invoices = There are no open invoices of yours in the registry yet.
choose-too-many = Only the newest { $count } are listed.
choose-until = Until when?
choose-until-note = The last day on which it may be seen. You can stop it earlier.
choose-show = What may be seen?
choose-show-document = Whether the invoice was delivered, credited or cancelled
choose-show-process = Whether it was received, approved or disputed
choose-show-payment = Whether and when it is paid
choose-show-amounts = Amounts and days
choose-how = How does the status get there?
choose-how-hand = I state it myself, on this page
choose-how-package = My accounting package is read (connect it after signing)
choose-how-peppol = My Peppol or e-invoicing responses count
choose-next = To the text to sign
choose-back = Back

## Slips, told beside the form
slip-scope-missing = Choose for which invoices.
slip-nothing-ticked = Tick at least one.
slip-too-many = That is more than fits in one statement: { $count } at most.
slip-show-missing = Tick at least one thing that may be seen.
slip-until-missing = Fill in a day.
slip-until-past = That day is over: choose a later one.
slip-until-far = Choose a day within five years.
slip-date-missing = A promise needs a day: fill it in.
slip-date-past = The day of a promise cannot be over.
slip-date-future = What was paid was paid today or earlier.
slip-nothing-stated = Choose a status for at least one invoice.

slip-renewed = The text was too old and is now written anew. Read it and sign again.

## Invoices, confirmed by hand
invoices-title = What became of these invoices?
invoices-lead = Choose a state where you have something to say. You see the exact text before you sign.
invoices-none = There are no invoices here.
invoices-due = Due
invoices-state = State
invoices-say = I state
invoices-day = Day
invoices-reason = Reason
invoices-nothing = nothing
invoices-paid-to = Pay to { $holder }: the invoice was assigned to it.
invoices-more = More invoices
invoices-next = To the text to sign
invoices-day-note = The day is needed for a promise: the day on which you will pay.
state-unknown = nothing known
state-registered = registered
state-delivered = delivered
state-not-delivered = not delivered
state-rejected-technical = rejected for technical reasons
state-credited = credited
state-cancelled = cancelled
state-received = received
state-in-process = being handled
state-booked = booked
state-queried = disputed or questioned
state-answered = question answered
state-approved-part = approved in part
state-approved = approved
state-refused = refused
state-payment-selected = selected for payment
state-payment-initiated = payment ordered
state-payment-promised = payment promised
state-part-paid = paid in part
state-paid = paid
state-payment-reversed = payment reversed
state-payment-failed = payment failed
say-approved = approved
say-queried = disputed: I have a question
say-refused = refused
say-payment-promised = I will pay on this day
say-paid = paid
reason-none = no reason
reason-pri = price
reason-qty = quantity
reason-qua = quality
reason-del = delivery
reason-ref = reference missing or wrong
reason-oth = something else

## Signing
sign-title = Read and sign
sign-lead = This is what you sign, first in words, then the exact text. Nothing else goes out.
sign-exact = The exact text
sign-button = { $count ->
    [one] Sign
   *[other] Sign all { $count }
}
sign-back = Do not sign
sign-by-command = Sign with a key of your firm instead
sign-by-command-text = On a machine with a registered key of your firm, run:
sign-by-command-then = The new state shows on the overview of your next visit.
sign-no-script = This browser cannot sign: it has no scripts or no Ed25519 keys. Use a present version of a common browser, or sign with a key of your firm:
sign-no-key = The key of this visit is not on this device any more. Ask for a new link and open it on the device on which you want to sign.
sign-says-granted = { $to } may see the status of invoices that you have to pay.
sign-says-amended = The mandate of { $to } changes. From now on:
sign-says-revoked = The mandate of { $to } ends now. From then on nothing more is shown to it.
sign-says-declined = You refuse what { $to } asked. Nothing is shown to it.
sign-says-delegated = { $to } may report in your name: { $types }. Nothing else.
sign-says-status = Invoice { $number } of { $seller }: { $state }.
sign-says-status-day = Invoice { $number } of { $seller }: { $state }, { $day }.
sign-says-all = For all invoices that you have to pay, also later ones.
sign-says-suppliers = For invoices of { $list } only.
sign-says-invoices = For these invoices only: { $list }.
sign-says-show = What may be seen: { $list }.
sign-says-from = From { $day }.
sign-says-until = Up to and including { $day }. You can stop it at any time.
sign-says-tacit = If you say nothing within { $days } days, an invoice counts as accepted by { $law }.
detail-document = delivery and credit notes
detail-process = receipt, approval and disputes
detail-payment = payment
detail-amounts = amounts and days
sign-says-reason = Reason: { $list }.
sign-says-other = { $kind }: read the exact text below.

## After signing
done-title = Signed and recorded
done-title-part = Not everything was recorded
done-lead = The registry recorded it at this place in its log:
done-place = number { $position }
done-refused = Not recorded: { $reason }
done-home = To the overview
done-connect = Connect your accounting package
done-invoices = State what became of the invoices
done-later = For a later change, open the link of a new mail: one is sent to your registered address when you ask for it.

## Connections to packages
connect-title = Let a package report
connect-lead = It is read and never changed. What it reports is signed with a key of the registry’s connector, which you allow here; you can end that at any time.
connect-none = This registry connects no packages. State it yourself, or use software of your own.
connect-new = Connect a package
connect-kind-csv = A list of open items (CSV)
connect-kind-peppol = Peppol or e-invoicing responses
connect-open = Connect
connect-optional = not needed
connect-token = Key for reading, made in the package
connect-remove = Disconnect
connect-allow = Allow it to report
connect-consent = Allow reading in the package
connect-go = Go to the page of the package
connect-read = last read on { $day }
connect-stale = last read on { $day }: longer ago than it should be
connect-never = not read yet
connect-refused = This did not work: { $reason }
connect-state-pending = waits for your consent in the package
connect-state-active = is read
connect-state-failing = cannot be read at this moment
connect-state-revoked = the package refuses the key
connect-state-not-delegated = may not report for you yet
connect-state-locked = the registry reads nothing now

## What can be wrong
trouble-nothing = Nothing was changed or signed.
trouble-again = Go to the overview
trouble-fresh = Send a new link to the registered address
trouble-fresh-title = Look in your mailbox
trouble-fresh-sent = If the registry knows an address for this link, a new one is on its way there. A link that was sent shortly before is not sent again.
trouble-link-unknown = This link is not one of ours
trouble-link-unknown-text = Perhaps a part of it was lost. Open it from the mail itself, or copy the whole address.
trouble-link-expired = This link has expired
trouble-link-expired-text = A link works for a limited time, so that an old mail opens nothing.
trouble-link-withdrawn = This link was replaced
trouble-link-withdrawn-text = A newer mail was sent, or the registered address changed. Open the link in the newest mail.
trouble-link-used = This link was used already
trouble-link-used-text = A link works once. If that was you, go on in the browser in which you opened it, or ask for a new link. If it was not you, tell the registry.
trouble-visit-over = This visit is over
trouble-visit-over-text = A visit lasts one hour. Ask for a new link, or open a mail that you did not use yet.
trouble-form-stale = This form is not the newest
trouble-form-stale-text = It was opened in another window or sent before. Go to the overview and begin again.
trouble-form-tampered = This form is not as we made it
trouble-form-tampered-text = Something in it was changed on the way, so it was not accepted.
trouble-foreign-invoice = An invoice in this form is not yours
trouble-foreign-invoice-text = Only invoices of which you are the buyer can be chosen here.
trouble-foreign-mandate = There is no such request or mandate of yours
trouble-foreign-mandate-text = Perhaps it was answered or withdrawn meanwhile.
trouble-statement-other = What was signed is not what was shown
trouble-statement-other-text = The registry only takes the exact text that you saw here.
trouble-signature = The signature does not hold
trouble-signature-text = It was not made with the key of this visit.
trouble-signed-already = This was signed already
trouble-signed-already-text = The same form was sent twice. The first time counted; the overview shows it.
trouble-key-other = This key belongs to somebody else
trouble-key-other-text = Clear this site's data in your browser and open the link again.
trouble-key-revoked = The key of this browser was withdrawn
trouble-key-revoked-text = Clear this site's data in your browser and open the link again: it makes a new key.
trouble-key-missing = This browser brought no key
trouble-key-missing-text = Sign with a key of your firm, or open a new link in a present version of a common browser.
trouble-suspended = Your participation is suspended
trouble-suspended-text = Ask the registry what to do.
trouble-enrol = The registry cannot register your key now
trouble-enrol-text = Its operator has to set this up. What you wanted was not recorded.
trouble-busy = The registry is busy
trouble-busy-text = Try again in a moment.
