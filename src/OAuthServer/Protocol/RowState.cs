namespace OAuthServer.Protocol;

/// <summary>The column enabled in words, as lists are filtered by it and show it.</summary>
public static class RowState
{
    private const string Enabled = "enabled";
    private const string Disabled = "disabled";

    public static string Of(bool enabled) => enabled ? Enabled : Disabled;

    /// <summary>Null for every other word, and for none: rows of either state.</summary>
    public static bool? Read(string? word) => word switch { Enabled => true, Disabled => false, _ => null };
}
