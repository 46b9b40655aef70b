set maintenance_work_mem = '512MB';
call bench.create_indexes();
