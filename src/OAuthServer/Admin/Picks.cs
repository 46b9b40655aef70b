using OAuthServer.Html;
using OAuthServer.Protocol;

namespace OAuthServer.Admin;

/// <summary>Rows of a list that are ticked, to do something to all of them: a checkbox each, named by the row's key.</summary>
internal static class Picks
{
    /// <summary>What is to be done to them: the value of the button.</summary>
    public const string What = "what";

    private const string Prefix = "pick ";
    private const string Confirmation = "confirmed";

    /// <summary>Carried by the form that was confirmed.</summary>
    public static readonly (string Name, string Value) Confirmed = (Confirmation, "yes");

    /// <param name="key">Of the row.</param>
    /// <param name="name">What people call it.</param>
    public static Markup Box(string key, string name, Language say) =>
        $"""<input type="checkbox" name="{Prefix + key}" value="yes" aria-label="{say["Select"]} {name}">""";

    /// <summary>The keys of those that are ticked.</summary>
    public static string[] Of(Parameters form) =>
    [
        .. form.All.Where(field => field.Key.StartsWith(Prefix, StringComparison.Ordinal)).Select(field => field.Key[Prefix.Length..]),
    ];

    /// <summary>The same, for the form that confirms.</summary>
    public static IEnumerable<(string Name, string Value)> Carry(IEnumerable<string> keys) => keys.Select(key => (Prefix + key, "yes"));

    /// <summary>Whether what is affected was shown, and confirmed.</summary>
    public static bool IsConfirmed(Parameters form) => form[Confirmation] is not null;
}
