// Clients that sign in place of a secret (RFC 7523): oauth4webapi, openid-client and the MCP SDK; jose as a hostile signer.
import assert from 'node:assert/strict';
import { Client, PrivateKeyJwtProvider, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { CompactSign, exportJWK, exportPKCS8, exportSPKI, generateKeyPair, SignJWT } from 'jose';
import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';
import { version as versionOf } from '../support/report.mjs';
import { sql } from '../support/world.mjs';

export const name = 'oauth4webapi, openid-client and the MCP SDK by key';
export const version = versionOf('oauth4webapi');
export const did = '`private_key_jwt` at token and revocation by oauth4webapi, by openid-client, and by `PrivateKeyJwtProvider` of `@modelcontextprotocol/client` to an MCP server; what jose signs wrongly, or twice, is refused';

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const insecure = { [oauth.allowInsecureRequests]: true };
const id = 'interop-by-key';

export async function run(check, { issuer, resource, local }) {
    const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
    const stranger = await generateKeyPair('ES256', { extractable: true });
    const kid = 'k1';
    sql(local, `
        insert into clients (client_id, kind, name, auth_method, grant_types, scopes, default_scopes, resources, default_resource, jwks)
        values ('${id}', 'machine', 'By key', 'private_key_jwt', '{client_credentials}', '{notes:read}', '{notes:read}', '{${resource}}', '${resource}',
                '${JSON.stringify({ keys: [{ ...await exportJWK(publicKey), kid, alg: 'ES256', use: 'sig' }] })}')`);
    const as = await oauth.processDiscoveryResponse(new URL(issuer), await oauth.discoveryRequest(new URL(issuer), { algorithm: 'oauth2', ...insecure }));
    const client = { client_id: id };
    const now = () => Math.floor(Date.now() / 1000);
    const claims = (more = {}) => ({ iss: id, sub: id, aud: issuer, iat: now(), exp: now() + 60, jti: crypto.randomUUID(), ...more });
    const sign = (more, key = privateKey, header = {}) => new SignJWT(claims(more)).setProtectedHeader({ alg: 'ES256', kid, ...header }).sign(key);
    const show = async assertion => {
        const answer = await fetch(as.token_endpoint, { method: 'POST', body: new URLSearchParams({
            grant_type: 'client_credentials', client_assertion_type: assertionType, client_assertion: assertion,
        }) });
        return { status: answer.status, body: await answer.json() };
    };
    try {
        await check('the metadata lists the method and its algorithms', () => {
            assert.ok(as.token_endpoint_auth_methods_supported.includes('private_key_jwt'));
            assert.deepEqual(as.token_endpoint_auth_signing_alg_values_supported, ['ES256', 'PS256', 'RS256']);
        });
        await check('oauth4webapi: a token, and its revocation', async () => {
            const auth = oauth.PrivateKeyJwt({ key: privateKey, kid });
            const tokens = await oauth.processClientCredentialsResponse(as, client,
                await oauth.clientCredentialsGrantRequest(as, client, auth, { scope: 'notes:read' }, insecure));
            assert.equal(tokens.scope, 'notes:read');
            await oauth.processRevocationResponse(await oauth.revocationRequest(as, client, auth, tokens.access_token, insecure));
        });
        await check('openid-client: a token by its defaults', async () => {
            const config = await openid.discovery(new URL(issuer), id, undefined, openid.PrivateKeyJwt({ key: privateKey, kid }),
                { algorithm: 'oauth2', execute: [openid.allowInsecureRequests] });
            assert.ok((await openid.clientCredentialsGrant(config, { scope: 'notes:read' })).access_token);
        });
        await check('the MCP SDK reaches an MCP server by key, without a browser', async () => {
            const mcp = new Client({ name: 'interop', version: '1' });
            await mcp.connect(new StreamableHTTPClientTransport(new URL(resource), { authProvider: new PrivateKeyJwtProvider({
                clientId: id, privateKey: await exportPKCS8(privateKey), algorithm: 'ES256', expectedIssuer: issuer, scope: 'notes:read',
            }) }));
            assert.ok((await mcp.listTools()).tools.length > 0);
            await mcp.close();
        });
        await check('jose: used twice, expired, too long, for the token endpoint', async () => {
            const assertion = await sign();
            assert.equal((await show(assertion)).status, 200);
            for (const [wrong, description] of [
                [assertion, 'The client assertion was used before'],
                [await sign({ exp: now() - 60 }), 'The client assertion has expired'],
                [await sign({ exp: now() + 3600 }), 'The client assertion lives too long'],
                [await sign({ aud: as.token_endpoint }), 'The client assertion is for another audience'],
                [await sign({ aud: [issuer, as.token_endpoint] }), 'The client assertion is for another audience'],
            ]) {
                const { status, body } = await show(wrong);
                assert.deepEqual([status, body.error, body.error_description], [401, 'invalid_client', description]);
            }
        });
        await check('jose: another key, HS256 by the public key, no algorithm, another kid, critical headers: one answer', async () => {
            const pem = new TextEncoder().encode(await exportSPKI(publicKey));
            const unsigned = part => Buffer.from(JSON.stringify(part)).toString('base64url');
            for (const wrong of [
                await sign({}, stranger.privateKey),
                await sign({}, privateKey, { kid: 'k2' }),
                await sign({}, privateKey, { typ: 'at+jwt' }),
                await sign({ iss: 'nightly-etl', sub: 'nightly-etl' }),
                await new SignJWT(claims()).setProtectedHeader({ alg: 'HS256', kid }).sign(pem),
                await new CompactSign(new TextEncoder().encode(JSON.stringify(claims())))
                    .setProtectedHeader({ alg: 'ES256', kid, crit: ['b64'], b64: true }).sign(privateKey, { crit: { b64: true } }),
                `${unsigned({ alg: 'none' })}.${unsigned(claims())}.`,
            ]) {
                const { status, body } = await show(wrong);
                assert.deepEqual([status, body.error, body.error_description], [401, 'invalid_client', 'Client authentication failed']);
            }
        });
    } finally {
        sql(local, `delete from clients where client_id = '${id}'`);
    }
}
