-- The month :part joins the log; its indexes are built.
set client_min_messages = warning;
select format('alter table audit_events attach partition %I for values from (%L) to (%L)', :'part',
              month at time zone 'utc', (month + interval '1 month') at time zone 'utc')
  from (select to_timestamp(right(:'part', 7), 'YYYY_MM')::timestamp as month) as named \gexec
