-- A branch that was cut stays cut when the step above it ends and begins anew; and those who end delegations wait for each other in one order.

alter table delegations add column path uuid[];
comment on column delegations.path is 'The rules of the steps down to this one, the first step''s first: the same place in a chain, also after a step above has begun anew.';

with recursive chain as (
    select id, array[rule_id] as path from delegations where parent is null
    union all
    select d.id, c.path || d.rule_id from delegations d join chain c on d.parent = c.id
)
update delegations d set path = c.path from chain c where c.id = d.id;

create function delegations_path() returns trigger language plpgsql as $$
begin
    new.path := coalesce((select path from delegations where id = new.parent), '{}') || new.rule_id;
    return new;
end $$;
comment on function delegations_path() is 'Says where in a chain a new delegation stands.';
create trigger delegations_path before insert on delegations for each row execute function delegations_path();
alter table delegations alter column path set not null;
create index delegations_cut on delegations (client_id, path) where ended_reason = 'cut';

-- Above before below, and else by id: nobody holds a step that another one, who holds one of ours, waits for.
create function delegations_lock(which uuid[]) returns void language plpgsql as $$
begin
    perform from delegations where id in (
        with recursive below as (
            select unnest(which) as id
            union
            select d.id from delegations d join below b on d.parent = b.id where d.ended_at is null
        )
        select id from below) order by depth, id for no key update;
end $$;
comment on function delegations_lock(uuid[]) is 'Locks delegations, and what lives below them, in the order that all who end them keep.';

create function delegations_lock_below() returns trigger language plpgsql as $$
begin
    if pg_trigger_depth() = 1 then perform delegations_lock(array[new.id]); end if;
    return new;
end $$;
comment on function delegations_lock_below() is 'Locks what is below a delegation that is about to be ended, in the order that all keep.';
create trigger delegations_lock_below before update of ended_at on delegations for each row
    when (old.ended_at is null and new.ended_at is not null) execute function delegations_lock_below();

create or replace function exchange_rules_end() returns trigger language plpgsql as $$
begin
    if old.enabled and not new.enabled or not old.scopes <@ new.scopes
       or new.subject_clients <> '{}' and (old.subject_clients = '{}' or not old.subject_clients <@ new.subject_clients)
       or new.subject_clients = '{}' and new.actor = any (old.subject_clients) then
        perform delegations_lock(array(select id from delegations where rule_id = new.id and ended_at is null));
        update delegations set ended_at = now(), ended_reason = 'rule' where rule_id = new.id and ended_at is null;
    end if;
    return null;
end $$;

create or replace function clients_end_delegations() returns trigger language plpgsql as $$
begin
    perform delegations_lock(array(
        select id from delegations where (client_id = new.client_id or actor = new.client_id) and ended_at is null));
    update delegations set ended_at = now(), ended_reason = 'client'
     where (client_id = new.client_id or actor = new.client_id) and ended_at is null;
    return null;
end $$;

create or replace function grants_end_delegations() returns trigger language plpgsql as $$
begin
    perform delegations_lock(array(select id from delegations where grant_id = new.id and ended_at is null));
    update delegations set ended_at = new.ended_at, ended_reason = 'grant' where grant_id = new.id and ended_at is null;
    return null;
end $$;
