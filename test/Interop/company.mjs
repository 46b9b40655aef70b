// node oidc-provider as the company that people sign in at: `node company.mjs PORT ISSUER ID`, where ISSUER is the server under test and
// ID its name for this company. Its development pages ask for a name and any password. clients/company-sign-in.mjs signs in by it.
import { generateKeyPairSync } from 'node:crypto';
import { Provider } from 'oidc-provider';

const [port, server, id] = process.argv.slice(2);
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const provider = new Provider(`http://localhost:${port}`, {
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid: 'company' }] },
    cookies: { keys: ['a key of the interop run'] },
    clients: [{
        client_id: 'our-server', client_secret: 'a secret of the company', redirect_uris: [`${server}/federation/${id}/callback`],
        post_logout_redirect_uris: [`${server}/signed-out`], require_auth_time: true,
    }],
    claims: { openid: ['sub'], profile: ['name', 'preferred_username', 'locale'], email: ['email', 'email_verified'] },
    conformIdTokenClaims: process.argv[5] === 'thin',
    pkce: { required: () => true },
    features: { devInteractions: { enabled: true } },
    findAccount: (ctx, sub) => ({
        accountId: sub,
        claims: () => ({ sub, name: 'Cora Company', preferred_username: `${sub}@company.example`, email: `${sub}@company.example`, email_verified: true }),
    }),
});
provider.listen(Number(port), 'localhost');
