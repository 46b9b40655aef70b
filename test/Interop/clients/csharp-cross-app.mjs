// The MCP C# SDK without a browser: IdentityAssertionGrantProvider gets an ID-JAG of a company, signed by jose, and brings it: McpClient/CrossApp.cs.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import { promisify } from 'node:util';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { packageVersion } from '../support/report.mjs';
import { freePort, root, sql } from '../support/world.mjs';

export const name = 'ModelContextProtocol (NuGet), cross-app access';
export const version = packageVersion('ModelContextProtocol');
export const did = '`IdentityAssertionGrantProvider`: an ID-JAG of a company becomes a token for an MCP server, without a browser and without a refresh token';

const id = 'interop-csharp-xaa';

export async function run(check, { issuer, resource, local }) {
    const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
    const port = await freePort();
    const idp = `http://localhost:${port}`;
    const asked = [];
    // The company: RFC 8693 of an id_token for an assertion. It knows this server by its issuer, whichever way the SDK writes the URL.
    const host = createServer(async (request, answer) => {
        let body = '';
        for await (const part of request) body += part;
        const form = new URLSearchParams(body);
        asked.push(form);
        const jag = await new SignJWT({ sub: 'ext-csharp', client_id: id, resource: form.get('resource'), scope: form.get('scope') ?? undefined, jti: crypto.randomUUID() })
            .setProtectedHeader({ alg: 'ES256', kid: 'k1', typ: 'oauth-id-jag+jwt' }).setIssuer('https://csharp-idp.interop.example')
            .setAudience(issuer).setIssuedAt().setExpirationTime('2m').sign(privateKey);
        answer.setHeader('Content-Type', 'application/json').end(JSON.stringify({
            issued_token_type: 'urn:ietf:params:oauth:token-type:id-jag', access_token: jag, token_type: 'N_A', expires_in: 120,
        }));
    });
    await new Promise(listening => host.listen(port, 'localhost', listening));
    sql(local, `
        insert into clients (client_id, kind, name, redirect_uris, grant_types, auth_method, scopes, resources, default_resource)
        values ('${id}', 'user-facing', 'C# agent', '{https://agent.example/cb}', '{jwt-bearer}', 'client_secret_basic',
                '{notes:read}', '{${resource}}', '${resource}');
        insert into client_secrets (client_id, hash) select '${id}', hash from client_secrets where client_id = 'nightly-etl' limit 1;
        insert into trusted_issuers (issuer, kind, name, jwks) values ('https://csharp-idp.interop.example', 'people', 'Acme',
            '${JSON.stringify({ keys: [{ ...await exportJWK(publicKey), kid: 'k1', alg: 'ES256', use: 'sig' }] })}');
        insert into identities (issuer, sub, subject)
            select 'https://csharp-idp.interop.example', 'ext-csharp', subject from users where username = 'alice';`);
    try {
        const said = await check('it gets a token and reaches the MCP server', async () => {
            const { stdout } = await promisify(execFile)('dotnet', ['run', '--project', 'test/Interop/McpClient', '--configuration', 'Release', '--',
                'cross-app', resource, issuer, `${idp}/token`, id, 'nightly-etl-secret'], { cwd: root });
            return stdout;
        });
        await check('no refresh token, and a new assertion for the next', () => {
            assert.match(said, /became a Bearer token, refresh token: none/);
            assert.match(said, /ok tools: [1-9]/);
            assert.match(said, /ok again with another assertion/);
            assert.equal(asked.length, 2);
            assert.equal(asked[0].get('audience').replace(/\/$/, ''), issuer);
            assert.equal(asked[0].get('resource'), resource);
        });
    } finally {
        host.close();
        sql(local, `delete from trusted_issuers where issuer = 'https://csharp-idp.interop.example';
            delete from identities where issuer = 'https://csharp-idp.interop.example'; delete from clients where client_id = '${id}';`);
    }
}
