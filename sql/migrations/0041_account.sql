-- A person reads what lately happened to their own account. Tokens are left out of the index: issuing them is what has to be fast.
create index audit_events_of_subject on audit_events (subject, at) where event <> 'token' or outcome = 'refused';
