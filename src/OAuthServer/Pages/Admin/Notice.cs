namespace OAuthServer.Pages.Admin;

/// <summary>What was done a moment ago, told by a key in the query of the page one comes back to: no words ever come from there.</summary>
public static class Notice
{
    public const string Field = "done";
    public const string Saved = "saved";
    public const string Deleted = "deleted";
    public const string Ended = "ended";
    public const string Rotated = "rotated";
    public const string Underway = "underway";
    public const string TakenOut = "taken-out";

    /// <summary>The words for a key; nothing for any other.</summary>
    public static Html Of(string? key, Language say) => key switch
    {
        Saved => Good(say["Saved. It is in effect already."]),
        Deleted => Good(say["Deleted."]),
        Ended => Good(say["Ended. Nothing of it works any more."]),
        Rotated => Good(say["The next key is made and published. Until it signs, nothing changes for anybody."]),
        Underway => $"""<p class="caution" role="status">{say["A key is on its way already. Nothing was done."]}</p>""",
        TakenOut => Good(say["The key is out: its tokens are dead."]),
        _ => Html.None,
    };

    private static Html Good(string text) => $"""<p class="good" role="status">{text}</p>""";
}
