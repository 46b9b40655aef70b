// Assertions instead of secrets: jose signs as a company, a Kubernetes cluster and a forge; the MCP SDK and oauth4webapi bring what it signed.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { Client, CrossAppAccessProvider, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import * as oauth from 'oauth4webapi';
import { version as versionOf } from '../support/report.mjs';
import { freePort, operator, sql } from '../support/world.mjs';

export const name = 'jose, as company, cluster and forge';
export const version = versionOf('jose');
export const did = 'ID-JAG by the cross-app access provider of `@modelcontextprotocol/client` to an MCP server and by oauth4webapi, once each; tokens of pods and of jobs, keys in the row and discovered, and rotated; what is forged, widened or disabled is refused';

const grantType = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const insecure = { [oauth.allowInsecureRequests]: true };

export async function run(check, { issuer, resource, local }) {
    const [company, cluster] = [await signer('ES256'), await signer('RS256')];
    const [forge, managed] = [await signer('RS256'), await signer('RS256')];
    const port = await freePort();
    const [idp, kubernetes, actions] = ['https://idp.interop.example', 'https://cluster.interop.example', `http://localhost:${port}`];
    // A managed cluster has its issuer, with a path, on the network; its keys are elsewhere below it.
    const cloud = `${actions}/id/C0FFEE`;
    const keys = { '/jwks': [forge.jwk], '/id/C0FFEE/openid/v1/jwks': [managed.jwk] };
    const asked = [];
    let jobs = forge;
    const host = createServer((request, answer) => {
        asked.push(request.url);
        const body = request.url === '/.well-known/openid-configuration' ? { issuer: actions, jwks_uri: `${actions}/jwks` }
            : request.url === '/id/C0FFEE/.well-known/openid-configuration' ? { issuer: cloud, jwks_uri: `${cloud}/openid/v1/jwks` }
            : keys[request.url] ? { keys: keys[request.url] } : null;
        answer.writeHead(body ? 200 : 404, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
    });
    await new Promise(listening => host.listen(port, 'localhost', listening));
    sql(local, `
        insert into clients (client_id, kind, name, grant_types, auth_method, scopes, default_scopes, resources, default_resource)
        values ('interop-pod', 'machine', 'Pod', '{jwt-bearer}', 'federated', '{notes:read}', '{notes:read}', '{${resource}}', '${resource}');
        insert into clients (client_id, kind, name, redirect_uris, grant_types, auth_method, scopes, resources, default_resource)
        values ('interop-xaa', 'user-facing', 'Agent', '{https://agent.example/cb}', '{jwt-bearer}', 'client_secret_basic',
                '{notes:read,notes:write}', '{${resource}}', '${resource}');
        insert into client_secrets (client_id, hash) select 'interop-xaa', hash from client_secrets where client_id = 'nightly-etl' limit 1;
        insert into trusted_issuers (issuer, kind, name, jwks) values
            ('${idp}', 'people', 'Acme', '${JSON.stringify({ keys: [company.jwk] })}'),
            ('${kubernetes}', 'workload', 'Cluster', '${JSON.stringify({ keys: [cluster.jwk] })}');
        insert into trusted_issuers (issuer, kind, name, must_name) values ('${actions}', 'workload', 'Forge', '{repository_id}'),
            ('${cloud}', 'workload', 'Managed cluster', '{}');
        insert into assertion_rules (issuer, client_id, claims) values
            ('${kubernetes}', 'interop-pod', '{"sub": "system:serviceaccount:prod:etl", "/kubernetes.io/namespace": "prod"}'),
            ('${cloud}', 'interop-pod', '{"sub": "system:serviceaccount:prod:etl", "/kubernetes.io/namespace": "prod"}'),
            ('${actions}', 'interop-pod', '{"sub": "repo:acme/*:ref:refs/heads/main", "repository_id": "41"}');
        insert into identities (issuer, sub, subject) select '${idp}', 'ext-alice', subject from users where username = 'alice';`);
    const as = await oauth.processDiscoveryResponse(new URL(issuer), await oauth.discoveryRequest(new URL(issuer), { algorithm: 'oauth2', ...insecure }));
    const show = assertion => fetch(as.token_endpoint, { method: 'POST', body: new URLSearchParams({ grant_type: grantType, assertion }) });
    const pod = (more = {}, header = {}) => cluster.sign({
        iss: kubernetes, sub: 'system:serviceaccount:prod:etl', aud: [issuer], 'kubernetes.io': { namespace: 'prod' }, ...more,
    }, header);
    const job = (more = {}) => jobs.sign({ iss: actions, sub: 'repo:acme/api:ref:refs/heads/main', aud: issuer, repository_id: '41', ...more });
    const jag = () => company.sign({ iss: idp, sub: 'ext-alice', aud: issuer, client_id: 'interop-xaa', resource, scope: 'notes:read' },
        { typ: 'oauth-id-jag+jwt' });

    try {
        await check('the metadata lists the grant and the profile', () => {
            assert.ok(as.grant_types_supported.includes(grantType));
            assert.deepEqual(as.authorization_grant_profiles_supported, ['urn:ietf:params:oauth:grant-profile:id-jag']);
        });
        await check('a pod gets a token, twice with one assertion', async () => {
            const assertion = await pod();
            for (let again = 0; again < 2; again++) {
                const answer = await show(assertion);
                const body = await answer.json();
                assert.equal(answer.status, 200, JSON.stringify(body));
                assert.equal(body.refresh_token, undefined);
            }
        });
        await check('a job of a forge gets one, its keys discovered', async () => assert.equal((await show(await job())).status, 200));
        await check('a pod of a managed cluster gets one, its keys below an issuer with a path', async () => {
            const assertion = await managed.sign({ iss: cloud, sub: 'system:serviceaccount:prod:etl', aud: [issuer], 'kubernetes.io': { namespace: 'prod' } });
            assert.equal((await show(assertion)).status, 200);
            assert.deepEqual(asked.filter(url => url.startsWith('/id/')), ['/id/C0FFEE/.well-known/openid-configuration', '/id/C0FFEE/openid/v1/jwks']);
        });
        await check('a forge and a cluster rotate their keys: the new one is found by itself, and the old one goes', async () => {
            const jobBy = by => by.sign({ iss: actions, sub: 'repo:acme/api:ref:refs/heads/main', aud: issuer, repository_id: '41' });
            const podBy = by => by.sign({ iss: cloud, sub: 'system:serviceaccount:prod:etl', aud: [issuer], 'kubernetes.io': { namespace: 'prod' } });
            for (const [path, old, make] of [['/jwks', forge, jobBy], ['/id/C0FFEE/openid/v1/jwks', managed, podBy]]) {
                const next = await signer('RS256');
                keys[path] = [old.jwk, next.jwk];
                if (old === forge) jobs = next;
                const before = asked.filter(url => url === path).length;
                assert.deepEqual([(await show(await make(next))).status, (await show(await make(old))).status], [200, 200]);
                for (let i = 0; i < 8; i++) assert.equal((await show(await make(await signer('RS256')))).status, 400);
                assert.equal(asked.filter(url => url === path).length, before + 1, 'one fetch a minute');
                keys[path] = [next.jwk];
                sql(local, `delete from key_sets where uri = '${actions}${path}'`);
                // An address may be refused ten times a second.
                await new Promise(soon => setTimeout(soon, 1200));
                assert.deepEqual([(await show(await make(next))).status, (await show(await make(old))).status], [200, 400]);
            }
        });
        await check('another namespace, repository or owner, a longer life and a forged signature do not', async () => {
            const stranger = await signer('RS256', cluster.jwk.kid);
            for (const assertion of [await pod({ 'kubernetes.io': { namespace: 'dev' } }), await job({ repository_id: '42' }),
                await job({ sub: 'repo:acme-evil/api:ref:refs/heads/main' }), await pod({ exp: Math.floor(Date.now() / 1000) + 31536000 }),
                await pod({}, { typ: 'at+jwt' }), await stranger.sign({ iss: kubernetes, sub: 'system:serviceaccount:prod:etl', aud: issuer,
                    'kubernetes.io': { namespace: 'prod' } })]) {
                const answer = await show(assertion);
                assert.equal(answer.status, 400);
                assert.equal((await answer.json()).error, 'invalid_grant');
            }
        });
        await check('oauth4webapi brings a company\'s assertion, once', async () => {
            const client = { client_id: 'interop-xaa' };
            const bring = assertion => oauth.genericTokenEndpointRequest(as, client, oauth.ClientSecretBasic('nightly-etl-secret'), grantType, { assertion }, insecure);
            const assertion = await jag();
            const tokens = await oauth.processGenericTokenEndpointResponse(as, client, await bring(assertion));
            assert.equal(tokens.scope, 'notes:read');
            assert.equal(tokens.resource, resource);
            await assert.rejects(async () => oauth.processGenericTokenEndpointResponse(as, client, await bring(assertion)),
                error => error.error === 'invalid_grant');
        });
        await check('the MCP SDK\'s cross-app access provider reaches an MCP server without a browser', async () => {
            let contexts = 0;
            const provider = new CrossAppAccessProvider({
                assertion: context => { contexts++; assert.equal(context.resourceUrl, resource); return jag(); },
                clientId: 'interop-xaa', clientSecret: 'nightly-etl-secret', expectedIssuer: issuer,
            });
            const client = new Client({ name: 'interop', version: '1' });
            await client.connect(new StreamableHTTPClientTransport(new URL(resource), { authProvider: provider }));
            assert.ok((await client.listTools()).tools.length > 0);
            await client.close();
            assert.equal(contexts, 1);
        });
        await check('disabled, nothing is taken any more', async () => {
            operator(local, issuer, 'trust', 'disable', kubernetes, '--yes');
            await new Promise(soon => setTimeout(soon, 300));
            assert.equal((await show(await pod())).status, 400);
        });
    } finally {
        host.close();
        sql(local, `delete from trusted_issuers where issuer in ('${idp}', '${kubernetes}', '${actions}', '${cloud}');
            delete from identities where issuer = '${idp}'; delete from clients where client_id in ('interop-pod', 'interop-xaa');`);
    }
}

// Signs as its issuer would; the key has this id.
async function signer(alg, kid = `k-${Math.random().toString(36).slice(2)}`) {
    const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
    const now = () => Math.floor(Date.now() / 1000);
    return {
        jwk: { ...await exportJWK(publicKey), kid, alg, use: 'sig' },
        sign: (claims, header = {}) => new SignJWT({ iat: now(), exp: now() + 300, jti: crypto.randomUUID(), ...claims })
            .setProtectedHeader({ alg, kid, ...header }).sign(privateKey),
    };
}
