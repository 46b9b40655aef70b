import express from 'express';
import { createRemoteJWKSet, jwtVerify } from 'jose';

const issuer = process.env.ISSUER ?? 'https://auth.example.com';
const resource = process.env.RESOURCE ?? 'https://api.example.com/tasks';
const { client_id, client_secret } = { client_id: process.env.CLIENT_ID, client_secret: process.env.CLIENT_SECRET };

// Discovery (RFC 8414): the issuer must be the very string that was configured.
const at = new URL(issuer);
const metadata = await (await fetch(`${at.origin}/.well-known/oauth-authorization-server${at.pathname.replace(/\/$/, '')}`)).json();
if (metadata.issuer !== issuer) throw new Error('the metadata names another issuer');
const keys = createRemoteJWKSet(new URL(metadata.jwks_uri), { cacheMaxAge: 3_600_000, cooldownDuration: 60_000 });

// The revocation feed: ids of tokens, grants, clients and keys that died early. The last word about an id counts.
const revoked = new Map();
let heard = 0;
async function follow() {
    const authorization = 'Basic ' + Buffer.from(`${encodeURIComponent(client_id)}:${encodeURIComponent(client_secret)}`).toString('base64');
    for (let cursor = ''; ;) {
        try {
            const wait = heard ? '&wait=25' : '';
            const reply = await fetch(`${metadata.revocation_feed_endpoint}?after=${cursor}${wait}`, { headers: { authorization }, signal: AbortSignal.timeout(35_000) });
            if (reply.status === 400) { cursor = ''; continue; }
            if (!reply.ok) throw new Error(`the feed answered ${reply.status}`);
            const news = await reply.json();
            for (const { exp, ...entry } of news.entries) {
                const [[kind, id]] = Object.entries(entry);
                if (exp * 1000 > Date.now() - 120_000) revoked.set(`${kind} ${id}`, exp);
                if (kind === 'client_id' && exp * 1000 <= Date.now()) revoked.delete(`${kind} ${id}`);
            }
            cursor = news.cursor;
            if (heard || news.entries.length === 0) heard = Date.now();
            for (const [id, exp] of revoked) if (exp * 1000 < Date.now() - 120_000) revoked.delete(id);
        } catch (fault) {
            console.error(`revocation feed: ${fault.message}`);
            await new Promise(resume => setTimeout(resume, 1000));
        }
    }
}
if (client_id) follow();

const metadataPath = `/.well-known/oauth-protected-resource${new URL(resource).pathname.replace(/^\/$/, '')}`;
const challenge = `Bearer resource_metadata="${new URL(resource).origin}${metadataPath}"`;

/** A good token with these scopes, else 401 or 403. */
const requireScope = (...scopes) => async (req, res, next) => {
    const refuse = (status, error, more = '') => res.status(status).set('WWW-Authenticate', `${challenge}, error="${error}"${more}`).json({ error });
    // One token, in the header (RFC 6750 §2): req.get() shows the first of two Authorization headers only.
    const headers = req.headersDistinct.authorization ?? [];
    if ('access_token' in req.query || headers.length > 1) return refuse(400, 'invalid_request');
    const token = /^Bearer +([^ ]+)$/i.exec(headers[0] ?? '')?.[1];
    if (!token) return res.status(401).set('WWW-Authenticate', `${challenge}, scope="${scopes.join(' ')}"`).end();
    try {
        const { payload, protectedHeader } = await jwtVerify(token, keys, {
            issuer, audience: resource, typ: 'at+jwt', algorithms: ['ES256', 'RS256'], clockTolerance: 30,
            requiredClaims: ['exp', 'iat', 'sub', 'client_id', 'jti'],
        });
        const ids = [`jti ${payload.jti}`, `grant ${payload.grant}`, `client_id ${payload.client_id}`, `kid ${protectedHeader.kid}`];
        if (ids.some(id => revoked.has(id))) return refuse(401, 'invalid_token');
        if (client_id && Date.now() - heard > 60_000) return res.status(503).set('Retry-After', '2').json({ error: 'temporarily_unavailable' });
        const granted = (payload.scope ?? '').split(' ').filter(Boolean);
        if (!scopes.every(scope => granted.includes(scope))) return refuse(403, 'insufficient_scope', `, scope="${[...new Set([...granted, ...scopes])].join(' ')}"`);
        req.token = payload;
        next();
    } catch (fault) {
        refuse(401, 'invalid_token');
    }
};

const app = express();
app.get(metadataPath, (req, res) => res.json({ resource, authorization_servers: [issuer], scopes_supported: ['tasks:read', 'tasks:write'], bearer_methods_supported: ['header'] }));
app.get('/tasks', requireScope('tasks:read'), (req, res) => res.json({ tasks: [], of: req.token.sub }));
app.post('/tasks', requireScope('tasks:write'), (req, res) => res.status(201).json({}));
app.listen(process.env.PORT ?? 3000, 'localhost', () => console.log('listening'));
