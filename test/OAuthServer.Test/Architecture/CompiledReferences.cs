using System.Collections.Frozen;
using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;

namespace OAuthServer.Test.Architecture;

/// <summary>A type of the server that uses another type, as the compiler wrote it: in signatures, attributes and bodies.</summary>
/// <param name="Member">Null: the type as such.</param>
internal sealed record CompiledReference(Type From, Type To, MemberInfo? Member)
{
    public string FromRoom { get; } = Rooms.Of(From) ?? "";

    public string ToRoom { get; } = Rooms.Of(To) ?? "";

    public override string ToString() => $"{From.FullName} uses {To.FullName}{(Member is null ? "" : "." + Member.Name)}";
}

/// <summary>Reads them from the built assembly. Constants and nameof leave no trace there: <see cref="SourceText"/> sees those.</summary>
internal static class CompiledReferences
{
    private const BindingFlags Everything =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly FrozenDictionary<short, OpCode> Codes = typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => (OpCode)field.GetValue(null)!).ToFrozenDictionary(code => code.Value);

    public static IReadOnlyList<CompiledReference> All { get; } =
        [.. typeof(Server).Assembly.GetTypes().SelectMany(Of).Distinct().Where(one => one.From != one.To)];

    private static IEnumerable<CompiledReference> Of(Type type)
    {
        var module = type.Module;
        foreach (var used in Parts(type.BaseType).Concat(type.GetInterfaces().SelectMany(Parts)).Concat(Attributes(type)))
            yield return new CompiledReference(type, used, null);
        foreach (var field in type.GetFields(Everything))
            foreach (var used in Parts(field.FieldType))
                yield return new CompiledReference(type, used, null);
        foreach (var method in type.GetMethods(Everything).Cast<MethodBase>().Concat(type.GetConstructors(Everything)))
        {
            foreach (var used in Signature(method).Concat(Attributes(method)).Concat(Locals(method)))
                yield return new CompiledReference(type, used, null);
            foreach (var token in Tokens(method))
                foreach (var reference in Resolve(type, method, token))
                    yield return reference;
        }
    }

    private static IEnumerable<CompiledReference> Resolve(Type from, MethodBase method, int token)
    {
        var types = from.IsGenericType ? from.GetGenericArguments() : null;
        var arguments = method is MethodInfo { IsGenericMethod: true } ? method.GetGenericArguments() : null;
        var member = from.Module.ResolveMember(token, types, arguments);
        if (member is Type type)
        {
            foreach (var part in Parts(type)) yield return new CompiledReference(from, part, null);
            yield break;
        }

        foreach (var part in Parts(member!.DeclaringType))
            yield return new CompiledReference(from, part, part == Plain(member.DeclaringType) ? member : null);
        if (member is MethodInfo { IsGenericMethod: true } generic)
            foreach (var part in generic.GetGenericArguments().SelectMany(Parts))
                yield return new CompiledReference(from, part, null);
        foreach (var part in member is MethodBase called ? Signature(called) : member is FieldInfo field ? Parts(field.FieldType) : [])
            yield return new CompiledReference(from, part, null);
    }

    private static IEnumerable<Type> Signature(MethodBase method) =>
        method.GetParameters().Select(parameter => parameter.ParameterType).Append((method as MethodInfo)?.ReturnType).SelectMany(Parts);

    private static IEnumerable<Type> Locals(MethodBase method) =>
        method.GetMethodBody()?.LocalVariables.SelectMany(local => Parts(local.LocalType)) ?? [];

    // The compiler's own say nothing of what the source names.
    private static IEnumerable<Type> Attributes(MemberInfo member) =>
        member.GetCustomAttributesData().Select(one => one.AttributeType)
            .Where(one => one.Namespace != typeof(CompilerGeneratedAttribute).Namespace);

    // A type with what it is made of: List<Client[]> is List and Client.
    private static IEnumerable<Type> Parts(Type? type)
    {
        if (type is null || type.IsGenericParameter) return [];
        if (type.HasElementType) return Parts(type.GetElementType());
        return type.IsConstructedGenericType ? type.GetGenericArguments().SelectMany(Parts).Append(type.GetGenericTypeDefinition())
            : [type];
    }

    private static Type? Plain(Type? type) => type is { IsConstructedGenericType: true } ? type.GetGenericTypeDefinition() : type;

    // ECMA-335 §III.1.2: the operands of a body that are metadata tokens.
    private static IEnumerable<int> Tokens(MethodBase method)
    {
        var octets = method.GetMethodBody()?.GetILAsByteArray() ?? [];
        for (var at = 0; at < octets.Length;)
        {
            short value = octets[at++];
            if (value == 0xFE) value = (short)(0xFE00 | octets[at++]);
            var operand = Codes[value].OperandType;
            if (operand is OperandType.InlineField or OperandType.InlineMethod or OperandType.InlineTok or OperandType.InlineType)
                yield return BitConverter.ToInt32(octets, at);
            at += operand switch
            {
                OperandType.InlineNone => 0,
                OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
                OperandType.InlineVar => 2,
                OperandType.InlineI8 or OperandType.InlineR => 8,
                OperandType.InlineSwitch => 4 + 4 * BitConverter.ToInt32(octets, at),
                _ => 4,
            };
        }
    }
}
