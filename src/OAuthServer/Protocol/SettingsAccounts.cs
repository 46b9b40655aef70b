using System.ComponentModel.DataAnnotations;

namespace OAuthServer.Protocol;

/// <content>Passwords, accounts and mail.</content>
public sealed partial record Settings
{
    /// <summary>The least characters of a new password, 12 to 72; 8 suffice for who must use a second factor. Old ones stay
    /// valid.</summary>
    [Range(12, 72)] public int PasswordMinimum { get; init; } = 15;

    /// <summary>A file of passwords known from leaks, none of which is taken as a new one: a SHA-1 in hexadecimal a line, sorted, as Have I
    /// Been Pwned has them. It is searched where it lies. Empty: none.</summary>
    public string BreachedPasswordsFile { get; init; } = "";

    /// <summary>True: people can delete their own account. False: an operator does.</summary>
    public bool SelfDeletion { get; init; } = true;

    /// <summary>The host that takes this server's mail. Empty: no mail is sent, and a forgotten password is the administrator's to
    /// reset.</summary>
    public string SmtpHost { get; init; } = "";

    /// <summary>Its port: 587 for starttls, 465 for tls.</summary>
    [Range(1, 65_535)] public int SmtpPort { get; init; } = 587;

    /// <summary>The user name to sign in there with. Empty: without.</summary>
    public string SmtpUser { get; init; } = "";

    /// <summary>The password to sign in there with.</summary>
    [DataType(DataType.Password)] public string SmtpPassword { get; init; } = "";

    /// <summary>The address mail is from: auth@example.com, or "Example accounts &lt;auth@example.com&gt;".</summary>
    public string SmtpFrom { get; init; } = "";

    /// <summary>starttls, tls or none: how the connection is encrypted. There is no falling back: what cannot be sent so is not sent. none
    /// is for a host on loopback only.</summary>
    [AllowedValues("starttls", "tls", "none")] public string SmtpTls { get; init; } = "starttls";

    /// <summary>Whether mail can be sent.</summary>
    public bool HasMail => SmtpHost.Length > 0;
}
