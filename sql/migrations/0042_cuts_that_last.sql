-- A branch that was cut stays cut when the step above it ends and begins anew; and those who end delegations wait for each other.

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
create index delegations_cut on delegations (coalesce(grant_id, '00000000-0000-0000-0000-000000000000'), client_id, path)
    where ended_reason = 'cut';

-- Who ends delegations waits for who does, before any row is locked: one may come to them by grant, another by rule. Exchanges lock the
-- steps of their chain from above, so they are locked that way here, too.
create function delegations_lock(which uuid[]) returns void language plpgsql as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('delegations are ended', 0));
    perform from delegations where id in (
        with recursive below as (
            select unnest(which) as id
            union
            select d.id from delegations d join below b on d.parent = b.id where d.ended_at is null
        )
        select id from below) order by depth, id for no key update;
end $$;
comment on function delegations_lock(uuid[]) is 'Waits for whoever ends delegations, and locks these and what lives below them, from above.';

create function delegations_end_alone() returns trigger language plpgsql as $$
begin
    perform delegations_lock('{}');
    return null;
end $$;
comment on function delegations_end_alone() is 'Has who ends delegations, in SQL too, wait for who does already.';
create trigger delegations_end_alone before update of ended_at on delegations
    for each statement execute function delegations_end_alone();

create function delegations_lock_below() returns trigger language plpgsql as $$
begin
    if pg_trigger_depth() = 1 then perform delegations_lock(array[new.id]); end if;
    return new;
end $$;
comment on function delegations_lock_below() is 'Locks what is below a delegation that is about to be ended, from above.';
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
    if not exists (select from delegations where (client_id = new.client_id or actor = new.client_id) and ended_at is null) then
        return null;
    end if;
    perform delegations_lock(array(
        select id from delegations where (client_id = new.client_id or actor = new.client_id) and ended_at is null));
    update delegations set ended_at = now(), ended_reason = 'client'
     where (client_id = new.client_id or actor = new.client_id) and ended_at is null;
    return null;
end $$;

create or replace function grants_end_delegations() returns trigger language plpgsql as $$
begin
    -- Most grants have none, and wait for nobody.
    if not exists (select from delegations where grant_id = new.id and ended_at is null) then return null; end if;
    perform delegations_lock(array(select id from delegations where grant_id = new.id and ended_at is null));
    update delegations set ended_at = new.ended_at, ended_reason = 'grant' where grant_id = new.id and ended_at is null;
    return null;
end $$;
