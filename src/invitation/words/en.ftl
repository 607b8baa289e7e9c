subject-all = { $asker } asks to see the status of your invoices
subject-supplier = { $asker } asks to see the status of invoices from { $supplier }
subject-manage = Your mandates at { $registry }
greeting = Hello,
intro = { $asker } asks { $debtor } to be allowed to see the status of invoices that you have received.
intro-manage = Somebody asked for a link to the mandates that { $debtor } has given. With that link you see, change or end them.
who = Who asks
why = Why
why-financier = { $asker } finances suppliers and would like to see whether you have approved an invoice and when you pay it. The page shows you exactly what would be visible.
why-supplier = { $asker } supplies you and would like to see whether you have approved an invoice and when you pay it. The page shows you exactly what would be visible.
which = For which invoices
which-all = all invoices that you receive
which-suppliers = the invoices from { $suppliers }
which-invoices = { $count ->
    [one] one invoice
   *[other] { $count } invoices
}
which-invoice = { $number } of { $date }, from { $seller }
which-more = { $count ->
    [one] and one more
   *[other] and { $count } more
}
until = Until when
button = See the request
button-manage = See your mandates
choice = On the page you allow it, in full or in part, or you refuse. As long as you do nothing, nothing is shown. What you allow you can revoke at any time.
once = The link works once, until { $expires }. Do not pass it on: whoever has it can answer on behalf of { $debtor }.
doubt = You do not know who asks, or you are in doubt? Reply to this message: at { $registry } a person reads it.
doubt-manage = You did not ask for this? Then you need not do anything. If you are in doubt, reply to this message: at { $registry } a person reads it.
address = This message went to the address that { $registry } knows of { $debtor }. { $asker } did not give that address.
address-manage = This message went to the address that { $registry } knows of { $debtor }.
and = { $list } and { $last }
date = { $day } { $month ->
    [1] January
    [2] February
    [3] March
    [4] April
    [5] May
    [6] June
    [7] July
    [8] August
    [9] September
    [10] October
    [11] November
   *[12] December
} { $year }
time = { $date } at { $clock } (UTC)
