using System.Text.Json;
using OAuthServer.Audit;
using OAuthServer.Clients;
using OAuthServer.Grants;
using OAuthServer.Http;
using OAuthServer.Keys;
using OAuthServer.Limits;
using OAuthServer.Protocol;
using OAuthServer.Stores.Grants;
using OAuthServer.Stores.UsedProofs;

namespace OAuthServer.Authorization.Device;

/// <summary>
/// POST /device_authorization (RFC 8628 §3.1): a client without a browser, authenticated as at /token, asks for a code that a person types
/// elsewhere. Scope and resource are checked as at /authorize.
/// </summary>
public sealed class DeviceAuthorizationEndpoint(
    ClientAuthentication clients, ClientDocuments documents, ClientLimit limit, AuthorizationChecks checks, DeviceRequestStore store,
    KeyEncryption keys, AuditLog audit, Settings settings) : IDisposable
{
    // Of 26 thousand million codes few are in use: two in a row that are would be a wonder.
    private const int MostAttempts = 5;

    private readonly AddressLimit addresses = new(settings.AuthorizationsPerMinute, "requests of public clients for devices");

    public async Task HandleAsync(HttpContext http)
    {
        if ((await http.ShortFormAsync()).Refused(out var error, out var form))
        {
            await RefuseAsync(http, error, null, null);
            return;
        }

        var (opened, by) = await OpenAsync(http, form);
        if (opened.Refused(out error, out var answer)) await RefuseAsync(http, error, http.NamedClient(form), by);
        else await http.JsonAsync(200, answer, Write);
    }

    public void Dispose() => addresses.Dispose();

    // RFC 8628 §3.2.
    private static void Write(Utf8JsonWriter json, DeviceAuthorization answer)
    {
        json.WriteString("device_code", answer.DeviceCode);
        json.WriteString("user_code", answer.UserCode.Text);
        json.WriteString("verification_uri", answer.Uri);
        json.WriteString("verification_uri_complete", $"{answer.Uri}?user_code={answer.UserCode.Text}");
        json.WriteNumber("expires_in", answer.ExpiresIn);
        json.WriteNumber("interval", answer.Interval);
    }

    // With the client, once it is authenticated: what proved it is spent whatever follows.
    private async Task<(Result<DeviceAuthorization> Opened, Authenticated? By)> OpenAsync(HttpContext http, Parameters form)
    {
        var (context, cancel) = (http.Context(), http.RequestAborted);
        if (form.Problem() is { } malformed) return (malformed, null);
        if (http.Client(form).Refused(out var error, out var presented)) return (error, null);
        // A client id document may be seen here for the first time, as at /authorize.
        if (settings.ClientDocuments && presented.ClientId is { } id && ClientDocumentUrl.IsUrl(id)
            && (await documents.ResolveAsync(id, context.Address, cancel)).Refused(out error, out _)) return (error, null);
        if ((await clients.AuthenticateAsync(presented, context, cancel)).Refused(out error, out var by)) return (error, null);
        if (limit.Refusal(by.Client, context) is { } tooMany) return (tooMany, by);
        // Anybody may ask for a public client, and each is a row.
        if (by.Client.IsPublic && addresses.Refusal(context.Address) is { } many) return (many, by);
        return (await OpenAsync(by, form, context, cancel), by);
    }

    private async Task<Result<DeviceAuthorization>> OpenAsync(
        Authenticated by, Parameters form, RequestContext context, CancellationToken cancel)
    {
        var client = by.Client;
        if (!client.MayUse(GrantType.DeviceCode))
            return OAuthError.UnauthorizedClient("the client does not have this grant type", Scope.Join(client.Row.GrantTypes),
                GrantType.DeviceCode.Name);

        var code = AuthorizationCode.Mint(Guid.CreateVersion7(context.At));
        var device = new Delivery.Device { Id = code.GrantId, RequestedAt = context.At, Address = context.Address };
        // What is checked is what is stored, and nothing else: a secret may stand beside it.
        var query = Query(client, form);
        var request = await checks.ReadDeviceAsync(client, Parameters.OfQuery(query), device, cancel);
        return request.Problem is { } problem ? problem : await AddAsync(request, code, query, by, context);
    }

    private async Task<Result<DeviceAuthorization>> AddAsync(
        AuthorizationRequest request, AuthorizationCode code, string query, Authenticated by, RequestContext context)
    {
        for (var attempts = 0; attempts < MostAttempts; attempts++)
        {
            var userCode = UserCode.Mint();
            var opened = await store.AddAsync(new NewDeviceRequest
            {
                Id = code.GrantId,
                ClientId = request.Client.Id,
                CodeHash = code.Hash,
                UserCodeMacs = userCode.Macs(keys),
                Query = query,
                Detail = $"scope={Scope.Join(request.Scope)} resource={Scope.Join(request.Resources)}{by.Note}",
                Address = context.Address,
                Subscriber = AddressLimit.Subscriber(context.Address),
                ExpiresAt = context.At.AddSeconds(settings.DeviceSeconds),
                PollSeconds = settings.DeviceInterval,
                RequestId = context.RequestId,
                Proofs = new Proofs { Assertion = by.Assertion },
            }, context.At);
            if (ProofRefusals.Of(opened.UsedBefore) is { } used) return used;
            if (opened.IsFull)
                return OAuthError.SlowDown($"{DeviceRequestStore.MostOpen} requests of this client wait already from this address",
                    settings.DeviceInterval);
            if (opened.Opened)
                return new DeviceAuthorization
                {
                    DeviceCode = code.Text,
                    UserCode = userCode,
                    Uri = settings.Issuer + Paths.Device,
                    ExpiresIn = settings.DeviceSeconds,
                    Interval = settings.DeviceInterval,
                };
        }

        return OAuthError.ServerError("no user code that is not in use");
    }

    private static string Query(Client client, Parameters form) => string.Join('&',
    [
        $"client_id={Uri.EscapeDataString(client.Id)}",
        .. form["scope"] is { } scope ? [$"scope={Uri.EscapeDataString(Short(scope))}"] : Array.Empty<string>(),
        .. form.Resources.Distinct().Select(resource => $"resource={Uri.EscapeDataString(resource)}"),
    ]);

    // Each once: what is stored is no longer than what may be had. A malformed one is refused as it came.
    private static string Short(string scope) => Scope.Parse(scope) is { } parsed ? Scope.Join(parsed.Distinct()) : scope;

    private async Task RefuseAsync(HttpContext http, OAuthError error, string? client, Authenticated? by)
    {
        await audit.RefusedAsync(AuditEvents.Device, error, http.Context(), by?.Client.Id ?? client, assertion: by?.Assertion);
        await http.RefuseAsync(error);
    }

    private sealed record DeviceAuthorization
    {
        public required string DeviceCode { get; init; }
        public required UserCode UserCode { get; init; }
        public required string Uri { get; init; }

        /// <summary>Seconds.</summary>
        public required int ExpiresIn { get; init; }

        /// <summary>Seconds.</summary>
        public required int Interval { get; init; }
    }
}
