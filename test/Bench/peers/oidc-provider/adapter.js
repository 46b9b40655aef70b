// oidc-provider keeps everything through an adapter, which is ours to write. This one follows the shape of the adapters among its
// examples (one table of payloads, by kind and id), with prepared statements of node-postgres.
import pg from 'pg';

export const schema = `
  drop schema if exists peer_oidc_provider cascade;
  create schema peer_oidc_provider;
  create table peer_oidc_provider.payloads (
    type text not null,
    id text not null,
    payload jsonb not null,
    grant_id text,
    user_code text,
    uid text,
    expires_at timestamptz,
    consumed_at timestamptz,
    primary key (type, id)
  );
  create index on peer_oidc_provider.payloads (grant_id) where grant_id is not null;
  create index on peer_oidc_provider.payloads (uid) where uid is not null;
  create index on peer_oidc_provider.payloads (user_code) where user_code is not null;
  create index on peer_oidc_provider.payloads (expires_at);`;

const statements = {
  upsert: `insert into peer_oidc_provider.payloads (type, id, payload, grant_id, user_code, uid, expires_at)
    values ($1, $2, $3, $4, $5, $6, $7)
    on conflict (type, id) do update set payload = excluded.payload, grant_id = excluded.grant_id,
      user_code = excluded.user_code, uid = excluded.uid, expires_at = excluded.expires_at`,
  find: 'select payload, consumed_at from peer_oidc_provider.payloads where type = $1 and id = $2',
  findByUid: 'select payload, consumed_at from peer_oidc_provider.payloads where type = $1 and uid = $2',
  findByUserCode: 'select payload, consumed_at from peer_oidc_provider.payloads where type = $1 and user_code = $2',
  consume: 'update peer_oidc_provider.payloads set consumed_at = now() where type = $1 and id = $2',
  destroy: 'delete from peer_oidc_provider.payloads where type = $1 and id = $2',
  revokeByGrantId: 'delete from peer_oidc_provider.payloads where type = $1 and grant_id = $2',
  prune: 'delete from peer_oidc_provider.payloads where expires_at < now()',
};

/** Reads the connection string of Npgsql (Host=…;Username=…;Database=…) for node-postgres. */
export function poolFor(connection, size) {
  const parts = Object.fromEntries(connection.split(';').filter(Boolean).map((part) => {
    const at = part.indexOf('=');
    return [part.slice(0, at).trim().toLowerCase(), part.slice(at + 1).trim()];
  }));
  return new pg.Pool({
    host: parts.host,
    port: Number(parts.port ?? 5432),
    user: parts.username,
    password: parts.password,
    database: parts.database,
    max: size ?? Number(parts['maximum pool size'] ?? 20),
  });
}

export function adapterFor(pool) {
  const run = (name, values) => pool.query({ name, text: statements[name], values });
  const found = ({ rows: [row] }) => row && { ...row.payload, ...(row.consumed_at && { consumed: true }) };

  return class PostgresAdapter {
    constructor(type) {
      this.type = type;
    }

    async upsert(id, payload, expiresIn) {
      const expires = expiresIn ? new Date(Date.now() + expiresIn * 1000) : null;
      await run('upsert', [this.type, id, payload, payload.grantId, payload.userCode, payload.uid, expires]);
    }

    // The clients are static: "make it so that your adapter resolves client find calls with a falsy value".
    async find(id) {
      return this.type === 'Client' ? undefined : found(await run('find', [this.type, id]));
    }

    async findByUid(uid) {
      return found(await run('findByUid', [this.type, uid]));
    }

    async findByUserCode(userCode) {
      return found(await run('findByUserCode', [this.type, userCode]));
    }

    async consume(id) {
      await run('consume', [this.type, id]);
    }

    async destroy(id) {
      await run('destroy', [this.type, id]);
    }

    async revokeByGrantId(grantId) {
      await run('revokeByGrantId', [this.type, grantId]);
    }

    static prune() {
      return run('prune', []);
    }
  };
}
