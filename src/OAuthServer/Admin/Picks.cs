using OAuthServer.Grants;
using OAuthServer.Html;
using OAuthServer.Protocol;

namespace OAuthServer.Admin;

/// <summary>Rows of a list that are ticked, to do something to all of them: a checkbox each, named by the row's key.</summary>
internal static class Picks
{
    /// <summary>What is to be done to them: the value of the button.</summary>
    public const string What = "what";

    private const string Prefix = "pick ";
    private const string Carried = "picked";

    // Of the 64 KiB a form may have; and of the 256 octets of a field's name.
    private const int MostCarried = 48 * 1024;
    private const int LongestKey = 200;
    private const string Confirmation = "confirmed";

    /// <summary>Carried by the form that was confirmed.</summary>
    public static readonly (string Name, string Value) Confirmed = (Confirmation, "yes");

    /// <param name="key">Of the row.</param>
    /// <param name="name">What people call it.</param>
    public static Markup Box(string key, string name, Language say)
    {
        var field = Prefix + (key.Length > LongestKey ? Convert.ToHexStringLower(OpaqueToken.Hash(key)) : key);
        return $"""<input type="checkbox" name="{field}" value="{key}" aria-label="{say["Select"]} {name}">""";
    }

    /// <summary>The keys of those that are ticked.</summary>
    public static string[] Of(Parameters form) =>
    [
        .. form[Carried]?.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries) ?? [],
        .. form.All.Where(field => field.Key.StartsWith(Prefix, StringComparison.Ordinal)).Select(field => field.Value),
    ];

    /// <summary>The same, for the form that confirms.</summary>
    public static (string Name, string Value) Carry(IEnumerable<string> keys) => (Carried, string.Join('\n', keys));

    /// <summary>Whether a form can carry as many.</summary>
    public static bool CanCarry(IEnumerable<string> keys) => keys.Sum(key => Uri.EscapeDataString(key).Length + 3) <= MostCarried;

    /// <summary>Whether what is affected was shown, and confirmed.</summary>
    public static bool IsConfirmed(Parameters form) => form[Confirmation] is not null;
}
