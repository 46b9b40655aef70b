using MimeKit;

namespace OAuthServer.Protocol;

/// <summary>
/// Addresses of mail as settings, forms and rows have them. What could begin another header, another recipient or a command of SMTP is
/// none: control characters, blanks, brackets, quotes. Nor is what no mail can be written to, such as a..b@example.com (RFC 5321 §4.1.2).
/// </summary>
public static class MailAddressText
{
    private const int Longest = 254;

    /// <summary>The address alone, out of <c>Name &lt;address&gt;</c> too; null: there is none, or it is none.</summary>
    public static string? Of(string text) =>
        text.Trim() is var whole && whole.EndsWith('>') && whole.LastIndexOf('<') is var open and >= 0
            ? whole.Any(char.IsControl) ? null : Check(whole[(open + 1)..^1])
            : Check(text.Trim());

    /// <summary>The name before the address in <c>Name &lt;address&gt;</c>; empty without.</summary>
    public static string NameOf(string text) =>
        text.Trim() is var whole && whole.EndsWith('>') && whole.LastIndexOf('<') is var open and > 0 ? whole[..open].Trim().Trim('"') : "";

    private static string? Check(string address) =>
        address.Length <= Longest && address.Split('@') is [{ Length: > 0 }, { Length: > 0 }]
        && !address.Any(one => char.IsControl(one) || char.IsWhiteSpace(one) || "<>()[],;:\\\"".Contains(one))
        && Array.TrueForAll(address.Split('.', '@'), part => part.Length > 0)
        && MailboxAddress.TryParse(address, out var mailbox) && mailbox.Address == address ? address : null;
}
