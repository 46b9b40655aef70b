using System.Text.Json;
using System.Text.Json.Serialization;

namespace OAuthServer.Mail;

/// <summary>What mail is about.</summary>
public static class LetterKind
{
    public const string Invitation = "invitation";

    /// <summary>A link to a new password, made by an operator.</summary>
    public const string Reset = "reset";

    /// <summary>Somebody forgot a password; whose account it is, is looked up when the mail is sent.</summary>
    public const string Forgot = "forgot";

    /// <summary>To a new address: a link that proves it.</summary>
    public const string Address = "address";

    /// <summary>To the old address: another one was entered.</summary>
    public const string AddressChanging = "address-changing";
    public const string NewSignIn = "new-sign-in";
    public const string PasskeyAdded = "passkey-added";
    public const string PasskeyRemoved = "passkey-removed";
    public const string AppAdded = "app-added";
    public const string AppRemoved = "app-removed";

    /// <summary>An administrator took all second factors away.</summary>
    public const string FactorsReset = "factors-reset";
}

/// <summary>A mail before it is written: sealed while it waits.</summary>
public sealed record Letter
{
    public required string Kind { get; init; }

    /// <summary>Whom it is about; null: not known yet.</summary>
    [JsonIgnore] public Guid? Subject { get; init; }

    /// <summary>Where it goes; null: to the person's verified address, if there is one by then.</summary>
    public string? To { get; init; }

    /// <summary>Their user name; null: looked up with the address.</summary>
    public string? Username { get; init; }

    /// <summary>The language it is written in where the person's is not known.</summary>
    public string? Locale { get; init; }

    /// <summary>The link in it.</summary>
    public string? Url { get; init; }

    /// <summary>Until when the link works.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>Of a forgotten password: what was typed.</summary>
    public string? Account { get; init; }

    /// <summary>Of a person without a password: what people call the company they sign in with; null: none is known.</summary>
    public string? Company { get; init; }

    /// <summary>Of a person without a password: a passkey is all they have.</summary>
    public bool HasOnlyPasskeys { get; init; }

    /// <summary>Of a sign-in: the browser, as people call it, and where it was.</summary>
    public string? Browser { get; init; }
    public string? NetworkAddress { get; init; }
    public DateTimeOffset? At { get; init; }

    /// <summary>Of a change of address: the new one.</summary>
    public string? NewAddress { get; init; }

    internal byte[] ToOctets() => JsonSerializer.SerializeToUtf8Bytes(this);

    internal static Letter Of(byte[] octets) => JsonSerializer.Deserialize<Letter>(octets)!;
}
