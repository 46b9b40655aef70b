// node oidc-provider as its documentation advises (README.md beside this folder quotes it), for the bench:
//     node peer.js CONNECTION PORT
// It makes its own schema anew at every start, and one process per core. PEER_WORKERS says how many instead.
import cluster from 'node:cluster';
import { createServer } from 'node:http';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { Provider } from 'oidc-provider';
import { adapterFor, poolFor, schema } from './adapter.js';

const [connection, port] = process.argv.slice(2);
const api = 'http://localhost:9000/mcp';
const hour = 60 * 60;
const day = 24 * hour;

async function primary() {
  const pool = poolFor(connection, 1);
  await pool.query(schema);
  setInterval(() => adapterFor(pool).prune(), hour * 1000);

  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const secrets = {
    PEER_JWKS: JSON.stringify({ keys: [{ ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'ES256', kid: 'bench' }] }),
    PEER_COOKIE_KEY: randomBytes(32).toString('base64url'),
    PEER_SHARE: Number(process.env.PEER_WORKERS ?? availableParallelism()),
  };
  for (let i = 0; i < secrets.PEER_SHARE; i += 1) cluster.fork(secrets);
  // A worker that dies takes the peer with it: the bench must not measure half a server.
  cluster.on('exit', () => process.exit(1));
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => process.exit(0));
}

function worker() {
  const whole = poolFor(connection);
  const pool = poolFor(connection, Math.max(1, Math.floor(whole.options.max / process.env.PEER_SHARE)));
  const provider = new Provider(`http://127.0.0.1:${port}`, {
    adapter: adapterFor(pool),
    jwks: JSON.parse(process.env.PEER_JWKS),
    cookies: { keys: [process.env.PEER_COOKIE_KEY] },
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    scopes: ['offline_access'],
    clients: [
      {
        client_id: 'machine', client_secret: 'machine-secret', grant_types: ['client_credentials'],
        redirect_uris: [], response_types: [],
      },
      // The same, for the introspection of an opaque token: see getResourceServerInfo.
      {
        client_id: 'opaque-machine', client_secret: 'machine-secret', grant_types: ['client_credentials'],
        redirect_uris: [], response_types: [],
      },
      {
        client_id: 'app', token_endpoint_auth_method: 'none', application_type: 'native',
        grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'],
        redirect_uris: ['http://127.0.0.1/callback'],
      },
      { client_id: 'notes-api', client_secret: 'notes-api-secret', grant_types: [], redirect_uris: [], response_types: [] },
    ],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: (ctx, client) => client.clientId === 'notes-api' },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => api,
        useGrantedResource: () => true,
        getResourceServerInfo: (ctx, resource, client) => ({
          scope: 'notes:read',
          audience: resource,
          accessTokenTTL: hour,
          // "Structured JWT Tokens cannot be introspected via the introspection_endpoint" (its own error).
          accessTokenFormat: client.clientId === 'opaque-machine' ? 'opaque' : 'jwt',
          jwt: { sign: { alg: 'ES256' } },
        }),
      },
    },
    interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (ctx, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
    ttl: {
      AccessToken: hour,
      ClientCredentials: hour,
      RefreshToken: 14 * day,
      Grant: 14 * day,
      Session: 14 * day,
      Interaction: hour,
      IdToken: hour,
      // The code has to live until the bench redeems it, as the codes that the bench writes for the server itself do.
      AuthorizationCode: day,
    },
  });
  provider.on('server_error', (ctx, error) => console.error(error));

  const callback = provider.callback();
  createServer((request, response) => {
    if (request.url === '/readyz') response.end('ready');
    else if (request.url.startsWith('/bench/authorize')) issue(provider, response);
    else callback(request, response);
  }).listen(Number(port), '127.0.0.1');
}

// The only thing made for the bench: what /auth leaves behind once alice has signed in and consented, by the provider's own models:
// a grant, and a code with its challenge.
async function issue(provider, response) {
  const client = await provider.Client.find('app');
  const grant = new provider.Grant({ accountId: 'alice', clientId: client.clientId });
  grant.addOIDCScope('offline_access');
  grant.addResourceScope(api, 'notes:read');
  const code = new provider.AuthorizationCode({
    client,
    accountId: 'alice',
    authTime: Math.floor(Date.now() / 1000),
    grantId: await grant.save(),
    scope: 'offline_access notes:read',
    resource: api,
    redirectUri: 'http://127.0.0.1/callback',
    codeChallenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    codeChallengeMethod: 'S256',
    expiresWithSession: false,
  });
  response.writeHead(303, { location: `http://127.0.0.1/callback?code=${await code.save()}` }).end();
}

if (cluster.isPrimary) await primary();
else worker();
