-- Tokens that are bound to a key of their client (RFC 9449).

alter table clients add column dpop_required boolean not null default false;
comment on column clients.dpop_required is 'True: it gets tokens with a DPoP proof only (RFC 9449), bound to the key of the proof. False: as it likes.';

create function clients_check_dpop() returns trigger language plpgsql as $$
begin
    if new.dpop_required and new.kind = 'resource-server' then
        raise check_violation using message = 'A client of this kind gets no tokens', column = 'dpop_required',
            hint = 'Leave dpop_required false.';
    end if;
    return new;
end $$;
comment on function clients_check_dpop() is 'Says where clients.dpop_required has a meaning.';
create trigger clients_check_dpop before insert or update of dpop_required, kind on clients
    for each row execute function clients_check_dpop();
create trigger clients_notify_dpop after update of dpop_required on clients for each row execute function notify_change();

-- The log of edits names its columns one by one: whatever it names by now, and this one. An edit of several columns is one row.
do $$
declare definition text;
begin
    select pg_get_triggerdef(oid) into strict definition
      from pg_trigger where tgrelid = 'clients'::regclass and tgname = 'clients_audit';
    if definition ~ '\mdpop_required\M' then return; end if;
    drop trigger clients_audit on clients;
    execute regexp_replace(definition, ' ON (\S*clients) FOR EACH ROW', ', dpop_required ON \1 FOR EACH ROW');
end $$;

alter table grants add constraint grants_jkt_form check (jkt ~ '^[A-Za-z0-9_-]{43}$') not valid;
