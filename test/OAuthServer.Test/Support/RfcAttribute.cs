using NUnit.Framework;

namespace OAuthServer.Test.Support;

/// <summary>The rule a test stands for: <c>--filter 'Rfc~7636'</c> runs one standard, <c>make spec</c> prints the table.</summary>
[AttributeUsage(AttributeTargets.Method | AttributeTargets.Class, AllowMultiple = true)]
public sealed class RfcAttribute(int number, string section) : PropertyAttribute("Rfc", $"{number} §{section}")
{
    public int Number { get; } = number;

    public string Section { get; } = section;
}

/// <summary>The hostile or conformance cases a test covers, by their ids.</summary>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
public sealed class CaseAttribute(params string[] ids) : PropertyAttribute("Case", string.Join(' ', ids))
{
    public string[] Ids { get; } = ids;
}

/// <summary>The numbered behaviours a test stands for.</summary>
[AttributeUsage(AttributeTargets.Method | AttributeTargets.Class, AllowMultiple = true)]
public sealed class BehaviourAttribute(params int[] rows) : PropertyAttribute("Behaviour", string.Join(' ', rows))
{
    public int[] Rows { get; } = rows;
}
