// The API of docs/resource-servers.md: registered with the page's own SQL, and what every verifier of tokens is put through.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { application, freePort, operator, root, sql } from './world.mjs';

const example = 'https://api.example.com/tasks';

/** Registers the API as `resource`, with a secret of its own; returns who it is and how to get tokens for it. */
export async function registerTasks(issuer, local, resource) {
    const page = readFileSync(join(root, 'docs/resource-servers.md'), 'utf8');
    const statements = [...page.matchAll(/```sql\n(.*?)```/gs)].map(block => block[1]).join('\n');
    sql(local, statements.replaceAll(example, resource));
    sql(local, `
        insert into clients (client_id, kind, name, auth_method, grant_types, scopes, resources, access_token_seconds)
        values ('brief-agent', 'machine', 'Agent with brief tokens', 'client_secret_basic', '{client_credentials}', '{tasks:read}', '{${resource}}', 1);
        insert into client_secrets (client_id, hash) select 'brief-agent', hash from client_secrets where client_id = 'nightly-etl';`);
    const { client_secret: secret } = operator(local, issuer, 'clients', 'secret', 'add', 'tasks-api');

    const post = (path, id, password, form) => fetch(issuer + path, {
        method: 'POST', body: new URLSearchParams(form), headers: { Authorization: `Basic ${Buffer.from(`${id}:${password}`).toString('base64')}` },
    });
    const token = async (form = {}, id = 'nightly-etl') => {
        const reply = await post('/token', id, 'nightly-etl-secret', { grant_type: 'client_credentials', scope: 'tasks:read', resource, ...form });
        assert.equal(reply.status, 200, await reply.clone().text());
        return (await reply.json()).access_token;
    };
    const revoke = async spent => assert.equal((await post('/revoke', 'nightly-etl', 'nightly-etl-secret', { token: spent })).status, 200);
    const brief = await token({}, 'brief-agent');
    return { issuer, resource, secret, token, revoke, brief };
}

/** Runs `act(get)` beside the application of that folder, where get(token, method) is the answer of /tasks to that token. */
export async function withApi(project, tasks, settings, act) {
    const url = `http://localhost:${await freePort()}`;
    const end = await application(project, url, { ISSUER: tasks.issuer, RESOURCE: tasks.resource, ...settings });
    try {
        await act((token, method = 'GET') => fetch(`${url}/tasks`, { method, headers: token ? { Authorization: `Bearer ${token}` } : {} }));
    } finally {
        await end();
    }
}

export async function checkVerifier(check, tasks, get) {
    const refused = async token => {
        const reply = await get(token);
        assert.equal(reply.status, 401);
        assert.match(reply.headers.get('www-authenticate'), /^Bearer/);
    };
    await check('a good token opens', async () => {
        const reply = await get(await tasks.token());
        assert.equal(reply.status, 200);
        assert.equal(await reply.text(), 'tasks of nightly-etl');
    });
    await check('two scopes in one claim open what each of them opens', async () => {
        const both = await tasks.token({ scope: 'tasks:read tasks:write' });
        assert.equal((await get(both)).status, 200);
        assert.equal((await get(both, 'POST')).status, 201);
    });
    await check('too little scope is 403', async () => assert.equal((await get(await tasks.token(), 'POST')).status, 403));
    await check('no token, garbage and a changed signature are 401', async () => {
        const good = await tasks.token();
        for (const token of [undefined, 'garbage', `${good.slice(0, -8)}AAAAAAAA`, `${good},${good}`]) await refused(token);
    });
    await check('a token for another API is 401', async () =>
        refused(await tasks.token({ scope: 'read_sensors', resource: 'https://sensors.example.test/' })));
    await check('an expired token is 401', async () => {
        const { exp } = JSON.parse(Buffer.from(tasks.brief.split('.')[1], 'base64url'));
        // With the 30 seconds of leeway.
        await wait(Math.max(0, exp * 1000 + 31_000 - Date.now()));
        await refused(tasks.brief);
    });
}

/** Of an API that trusts `pathTasks`: its issuer has a path. */
export async function checkIssuerWithPath(check, tasks, pathTasks, get) {
    await check('an issuer with a path is found, and its tokens open', async () => assert.equal((await get(await pathTasks.token())).status, 200));
    await check('tokens of another issuer do not', async () => assert.equal((await get(await tasks.token())).status, 401));
}
