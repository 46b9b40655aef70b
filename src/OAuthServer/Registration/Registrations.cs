using System.Buffers.Text;
using System.Security.Cryptography;
using OAuthServer.Clients;
using OAuthServer.Grants;
using OAuthServer.Keys;
using OAuthServer.Limits;
using OAuthServer.Protocol;
using OAuthServer.Stores.Clients;

namespace OAuthServer.Registration;

/// <summary>A registered client as its registration shows it, and what only it may know.</summary>
public sealed record Registered
{
    public required RegistrationRow Row { get; init; }

    /// <summary>What it may ask for: what it registered with, or every open scope.</summary>
    public required string[] Scope { get; init; }

    /// <summary>RFC 7592 §3: as minted now, or as the client presented it.</summary>
    public required string Token { get; init; }

    /// <summary>Whether it named an algorithm for its id_tokens just now.</summary>
    public bool NamedIdTokenAlg { get; init; }

    /// <summary>Shown by the registration itself and never again.</summary>
    public string? Secret { get; init; }
}

/// <summary>Clients that register themselves (RFC 7591) and come back to their registration (RFC 7592).</summary>
public sealed class Registrations(
    RegistrationStore store, InvitationStore invitations, ResourceDirectory resources, RegistrationRules rules, SecretLimit secrets,
    HashQueue hashes, Settings settings, TimeProvider time)
{
    /// <summary>RFC 7591 §3: whether this caller may register at all; its invitation when it has a good one.</summary>
    /// <param name="token">The initial access token of the Authorization header, or null.</param>
    public async Task<Result<Admission>> AdmitAsync(string? token, CancellationToken cancel)
    {
        var invitation = token is null ? null : await invitations.FindAsync(OpaqueToken.Hash(token), time.GetUtcNow(), cancel);
        if (settings.Registration == "token" && invitation is null) return NotInvited(token);
        return new Admission(token, invitation);
    }

    /// <summary>Registers, or says why not. The invitation is spent and the client made by one statement.</summary>
    public async Task<Result<Registered>> RegisterAsync(
        ClientMetadata metadata, Admission admission, RequestContext request, CancellationToken cancel)
    {
        var open = await OpenScopesAsync(cancel);
        if (rules.Propose(metadata, open).Refused(out var error, out var proposal)) return error;

        // Anybody may register what acts for a person, who then consents. A machine acts for itself: somebody must vouch for it.
        var invited = proposal.IsMachine || settings.Registration == "token";
        if (invited && (admission.Invitation is not { } invitation || (invitation.Kind == "machine" && !proposal.IsMachine)))
            return NotInvited(admission.Token);

        if (proposal.HasSecret && !invited && secrets.Refusal() is { } tooMany) return tooMany;

        var secret = proposal.HasSecret ? SecretHash.NewSecret() : null;
        var (token, now) = (OpaqueToken.Mint(), request.At);
        var registration = new NewRegistration
        {
            // 128 random bits; a prefix, so that no id begins with a dash.
            ClientId = "dyn-" + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16)),
            Kind = proposal.Kind,
            Allowance = proposal.Allowance,
            Described = Describe(proposal),
            SecretHash = secret is null ? null : await hashes.MakeAsync(secret, cancel),
            TokenHash = OpaqueToken.Hash(token),
            InvitationHash = invited ? OpaqueToken.Hash(admission.Token!) : null,
        };
        if (await store.AddAsync(registration, request) is not { } row) return NotInvited(admission.Token);
        return new Registered
        {
            Row = row,
            Scope = Effective(row, open),
            Token = token,
            NamedIdTokenAlg = registration.Described.OpenId.IdTokenAlg is not null,
            Secret = secret,
        };
    }

    /// <summary>RFC 7592 §2.1. Unknown id and wrong token are one answer.</summary>
    public async Task<Result<Registered>> ReadAsync(string client, string? token, RequestContext request, CancellationToken cancel)
    {
        if (token is null || await store.ReadAsync(client, OpaqueToken.Hash(token), request) is not { } row)
            return UnknownRegistration(token);
        return new Registered { Row = row, Scope = Effective(row, await OpenScopesAsync(cancel)), Token = token };
    }

    /// <summary>RFC 7592 §2.2, before the body is read: the registration this token belongs to.</summary>
    public async Task<Result<RegistrationRow>> RecogniseAsync(string client, string? token, CancellationToken cancel) =>
        token is not null && await store.FindAsync(client, OpaqueToken.Hash(token), cancel) is { } row ? row : UnknownRegistration(token);

    /// <summary>RFC 7592 §2.2: replaces the client's metadata; not what it is, nor whether it has a secret.</summary>
    public async Task<Result<Registered>> UpdateAsync(
        RegistrationRow before, ClientMetadata metadata, string token, RequestContext request, CancellationToken cancel)
    {
        if (metadata.ClientId != before.ClientId)
            return OAuthError.InvalidClientMetadata("client_id must be the one of this registration",
                metadata.ClientId is null ? "none" : "another one", "RFC 7592 §2.2", before.ClientId);
        var open = await OpenScopesAsync(cancel);
        if (rules.Propose(metadata, open).Refused(out var error, out var proposal)) return error;
        if (proposal.Kind != before.Kind || StandsOn(proposal.AuthMethod) != StandsOn(before.AuthMethod))
            return OAuthError.InvalidClientMetadata("Register again to become another kind of client, or to gain or lose a secret",
                $"{proposal.Kind} {proposal.AuthMethod}", "RFC 7592 §2.2", $"{before.Kind} {before.AuthMethod}");
        var update = new RegistrationUpdate
        {
            ClientId = before.ClientId,
            TokenHash = OpaqueToken.Hash(token),
            Kind = proposal.Kind,
            Allowance = proposal.Allowance,
            Described = Describe(proposal),
        };
        return await store.UpdateAsync(update, request) is { } row
            ? new Registered
            {
                Row = row,
                Scope = Effective(row, open),
                Token = token,
                NamedIdTokenAlg = update.Described.OpenId.IdTokenAlg is not null,
            }
            : UnknownRegistration(token);
    }

    /// <summary>RFC 7592 §2.3: the client, its secrets, its grants and their tokens end. The refusal, or null.</summary>
    public async Task<OAuthError?> DeleteAsync(string client, string? token, RequestContext request) =>
        token is not null && await store.DeleteAsync(client, OpaqueToken.Hash(token), request) ? null : UnknownRegistration(token);

    private async Task<OpenScopes> OpenScopesAsync(CancellationToken cancel)
    {
        var known = await resources.ReadAsync(cancel);
        var open = known.Scopes.Where(scope => scope.Open).ToLookup(scope => scope.Identity, scope => scope.Name);
        return new OpenScopes([.. open[false]], [.. open[true]]);
    }

    private static string[] Effective(RegistrationRow row, OpenScopes open) => row.Scope.Length > 0 || row.Kind == "machine"
        ? row.Scope
        : open.OfApis;

    private static (bool Secret, bool Keys) StandsOn(string method) =>
        AuthMethod.All.FirstOrDefault(one => one.Name == method) is { } known ? (known.NeedsSecret, known.NeedsKeys) : default;

    private static Description Describe(Proposal proposal) => new()
    {
        Name = proposal.Metadata.Name,
        RedirectUris = proposal.RedirectUris,
        GrantTypes = proposal.GrantTypes,
        AuthMethod = proposal.AuthMethod,
        DpopRequired = proposal.Metadata.DpopRequired,
        Scope = proposal.Scope,
        ClientUri = proposal.Metadata.ClientUri,
        LogoUri = proposal.Metadata.LogoUri,
        TosUri = proposal.Metadata.TosUri,
        PolicyUri = proposal.Metadata.PolicyUri,
        Keys = proposal.Metadata.Keys,
        // A machine signs nobody in.
        OpenId = proposal.IsMachine ? new() : proposal.Metadata.OpenId,
        ParRequired = !proposal.IsMachine && proposal.Metadata.ParRequired,
    };

    private static OAuthError NotInvited(string? token) =>
        OAuthError.InvalidToken(token is null
            ? "no initial access token came"
            : "the initial access token is unknown, used up, expired or for another kind of client") with
        {
            Description = "This registration needs a valid initial access token",
            Rule = "RFC 7591 §3",
            Expected = "a token of oauth-server clients invite",
        };

    private static OAuthError UnknownRegistration(string? token) =>
        OAuthError.InvalidToken(token is null ? "no registration access token came" : "no such registration under this token") with
        {
            Description = "The registration access token is not valid",
            Rule = "RFC 7592 §2",
        };
}

/// <summary>A caller that may register, and the invitation it brought.</summary>
public sealed record Admission(string? Token, InvitationRow? Invitation);
