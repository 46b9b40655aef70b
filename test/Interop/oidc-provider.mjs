// node oidc-provider, a server that other people wrote, with its own development pages for sign-in and consent: `node oidc-provider.mjs
// PORT`. clients/doctor.mjs examines it.
import { generateKeyPairSync } from 'node:crypto';
import { Provider, errors } from 'oidc-provider';

const port = Number(process.argv[2]);
const api = 'http://localhost:9000/mcp';
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const provider = new Provider(`http://127.0.0.1:${port}`, {
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'ES256', kid: 'interop' }] },
    cookies: { keys: ['a key of the interop run'] },
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    scopes: ['openid', 'offline_access', 'notes:read'],
    pkce: { required: () => true },
    responseTypes: ['code'],
    clientBasedCORS: () => true,
    features: {
        devInteractions: { enabled: true },
        registration: { enabled: true },
        registrationManagement: { enabled: true },
        revocation: { enabled: true },
        introspection: { enabled: true },
        resourceIndicators: {
            enabled: true,
            defaultResource: () => api,
            useGrantedResource: () => true,
            getResourceServerInfo: (ctx, resource) => {
                if (resource !== api) throw new errors.InvalidTarget();
                return { scope: 'notes:read', audience: resource, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } } };
            },
        },
    },
    findAccount: (ctx, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
});
provider.listen(port, '127.0.0.1');
