-- The months of the audit log, beside the log and without indexes until they are full; answers each with its first and last number.
do $$
declare
    month date;
    part  text;
    index regclass;
begin
    for month in select generate_series(date_trunc('month', (began - interval '90 days') at time zone 'utc'), began at time zone 'utc',
                                        interval '1 month') from bench.world loop
        part := 'audit_events_' || to_char(month, 'YYYY_MM');
        if to_regclass(part) is null then
            execute format('create table %I (like audit_events including defaults including constraints)', part);
        else
            execute format('alter table audit_events detach partition %I', part);
            for index in select indexrelid::regclass from pg_index where indrelid = to_regclass(part) loop
                execute format('drop index %s', index);
            end loop;
        end if;
        execute format('grant select, insert on %I to oauth_server', part);
    end loop;
end $$;
select 'audit_events_' || to_char(month, 'YYYY_MM'),
       greatest(0, ceil((1 - extract(epoch from w.began - month at time zone 'utc') / extract(epoch from interval '90 days')) * w.audit))
           ::bigint,
       least(w.audit, ceil((1 - extract(epoch from w.began - (month + interval '1 month') at time zone 'utc')
           / extract(epoch from interval '90 days')) * w.audit))::bigint
  from bench.world w,
       generate_series(date_trunc('month', (w.began - interval '90 days') at time zone 'utc'), w.began at time zone 'utc',
                       interval '1 month') month;
