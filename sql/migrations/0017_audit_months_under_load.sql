-- Months of the audit log change while it is written to. Nobody who writes waits longer than the 100 ms for which a lock is waited for:
-- one old month a round is dropped, and not in the round that made one; the log itself, where every writer queues, is locked last.
create or replace function audit_keep(months int, out waits boolean, out strays boolean) language plpgsql security definer
    set search_path from current set lock_timeout = '100ms' as $$
declare
    month   date;
    first   timestamptz;
    after   timestamptz;
    part    text;
    checked boolean;
    made    boolean := false;
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
                first := month::timestamp at time zone 'utc';
                after := (month + interval '1 month') at time zone 'utc';
                part := 'audit_events_' || to_char(month, 'YYYY_MM');
                -- Rows already in the default partition would refuse the new one; then that month stays there.
                continue when to_regclass(part) is not null
                    or exists (select from audit_events_default where at >= first and at < after);
                -- Attaching locks the default partition and reads all of it, unless a constraint says it has no row of that month. The
                -- constraint is added, proved while others write, and used in three rounds. It refuses rows of that month meanwhile,
                -- so only for the one after the next.
                if i = 2 and exists (select from audit_events_default) then
                    checked := (select convalidated from pg_constraint
                                 where conrelid = 'audit_events_default'::regclass and conname = 'not_' || part);
                    if checked is null then
                        execute format('alter table audit_events_default add constraint %I check (at < %L or at >= %L) not valid',
                            'not_' || part, first, after);
                    elsif not checked then
                        execute format('alter table audit_events_default validate constraint %I', 'not_' || part);
                    end if;
                    made := true;
                    exit when checked is not true;
                end if;
                execute format('create table %I (like audit_events including all)', part);
                execute format('alter table audit_events attach partition %I for values from (%L) to (%L)', part, first, after);
                execute format('alter table audit_events_default drop constraint if exists %I', 'not_' || part);
                made := true;
            end loop;
        exception when lock_not_available then
            waits := true;
        end;
        begin
            select inhrelid::regclass::text into part from pg_inherits
             where not (waits or made) and inhparent = 'audit_events'::regclass
               and inhrelid::regclass::text ~ 'audit_events_\d{4}_\d{2}$'
               and to_date(right(inhrelid::regclass::text, 7), 'YYYY_MM')
                   < date_trunc('month', now() at time zone 'utc') - make_interval(months => months)
             order by 1 limit 1;
            if found then
                execute format('lock table only %s in access exclusive mode', part);
                lock table only audit_events in access exclusive mode;
                lock table only audit_events_default in access exclusive mode nowait;
                execute format('drop table %s', part);
            end if;
        exception when lock_not_available then
            waits := true;
        end;
    end if;
    strays := exists (select from audit_events_default);
end $$;
comment on function audit_keep(int) is 'Makes the partitions of this and the next two months, or drops the oldest one that is older than so many months; answers whether something waits for a lock, and whether the default partition has rows.';
