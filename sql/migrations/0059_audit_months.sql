-- Months of the audit log are made two ahead, standalone and then attached, which locks out nobody who writes to it; whatever needs a
-- lock that somebody holds (pg_dump, a long transaction) waits 100 ms and is left for the next minute. Before, every request
-- queued behind that wait.
drop function audit_keep(int);
create function audit_keep(months int, out waits boolean, out strays boolean) language plpgsql security definer
    set search_path from current set lock_timeout = '100ms' as $$
declare
    month date;
    part  text;
begin
    if months < 1 then
        raise check_violation using message = 'At least one month of audit is kept', hint = 'Write 1 or more.';
    end if;
    waits := false;
    -- Several servers keep the same log: one at a time.
    if pg_try_advisory_xact_lock(7305914) then
        begin
            for i in 0..2 loop
                month := date_trunc('month', now() at time zone 'utc') + make_interval(months => i);
                part := 'audit_events_' || to_char(month, 'YYYY_MM');
                -- Rows already in the default partition would refuse the new one; then that month stays there.
                continue when to_regclass(part) is not null
                    or exists (select from audit_events_default
                                where at >= month::timestamp at time zone 'utc' and at < (month + interval '1 month') at time zone 'utc');
                execute format('create table %I (like audit_events including all)', part);
                execute format('alter table audit_events attach partition %I for values from (%L) to (%L)',
                    part, month::timestamp at time zone 'utc', (month + interval '1 month') at time zone 'utc');
            end loop;
        exception when lock_not_available then
            waits := true;
        end;
        begin
            for part in select inhrelid::regclass::text from pg_inherits
                         where not waits and inhparent = 'audit_events'::regclass
                           and inhrelid::regclass::text ~ 'audit_events_\d{4}_\d{2}$'
                           and to_date(right(inhrelid::regclass::text, 7), 'YYYY_MM')
                               < date_trunc('month', now() at time zone 'utc') - make_interval(months => months) loop
                execute format('drop table %s', part);
            end loop;
        exception when lock_not_available then
            waits := true;
        end;
    end if;
    strays := exists (select from audit_events_default);
end $$;
comment on function audit_keep(int) is 'Makes the partitions of this and the next two months, drops those older than so many months; answers whether something waits for a lock, and whether the default partition has rows.';
revoke execute on function audit_keep(int) from public;
do $$
begin
    if exists (select from pg_roles where rolname = 'oauth_server') then
        grant execute on function audit_keep(int) to oauth_server;
    end if;
end $$;

-- Before the first row is written: a month that has begun in the default partition stays there.
do $$
begin
    perform audit_keep(1200);
end $$;
