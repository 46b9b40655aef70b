-- A client that its document made is as new as one that registered itself: nobody remembers a row that was not there, so it is not
-- worth a NOTIFY, which takes a lock on the whole database at commit. What operators write is told to all, as ever.
drop trigger clients_notify_insert on clients;
create trigger clients_notify_insert after insert on clients for each row
    when (new.origin = 'operator' or current_setting('oauth.actor', true) is distinct from 'server') execute function notify_change();
