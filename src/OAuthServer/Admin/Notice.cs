using OAuthServer.Html;

namespace OAuthServer.Admin;

/// <summary>What was done a moment ago, told by a key in the query of the page one comes back to: no words ever come from there.</summary>
public static class Notice
{
    public const string Field = "done";
    public const string Saved = "saved";
    public const string Deleted = "deleted";
    public const string Ended = "ended";
    public const string Rotated = "rotated";
    public const string Mailed = "mailed";
    public const string NoLink = "no-link";
    public const string Underway = "underway";
    public const string KeyRevoked = "key-revoked";
    public const string LinkedElsewhere = "linked-elsewhere";
    public const string Unlinked = "unlinked";
    public const string KeysForgotten = "keys-forgotten";

    /// <summary>The words for a key; nothing for any other.</summary>
    public static Markup Of(string? key, Language say) => key switch
    {
        Saved => Good(say["Saved. The change is in effect."]),
        Deleted => Good(say["Deleted."]),
        Ended => Good(say["Revoked."]),
        Rotated => Good(say["The next key has been created and published. Nothing changes until it starts signing."]),
        Mailed => Good(say["The link is on its way by mail."]),
        NoLink => $"""<p class="caution" role="status">{say["No link was made: the user is disabled, or has no verified address."]}</p>""",
        Underway => $"""<p class="caution" role="status">{say["A new key is already pending. No key was created."]}</p>""",
        KeyRevoked => Good(say["Key revoked. Tokens it signed are refused."]),
        Unlinked => Good(say["Unlinked. What stood on it has ended."]),
        KeysForgotten => Good(say["The fetched keys are forgotten on every server. The next use fetches them."]),
        LinkedElsewhere =>
            $"""<p class="caution" role="status">{say["That identity is linked to another user. Nothing was changed."]}</p>""",
        _ => Markup.None,
    };

    private static Markup Good(string text) => $"""<p class="good" role="status">{text}</p>""";
}
