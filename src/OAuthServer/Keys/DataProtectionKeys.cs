using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Microsoft.AspNetCore.DataProtection.XmlEncryption;
using OAuthServer.Stores;

namespace OAuthServer.Keys;

/// <summary>Data Protection's keys in PostgreSQL, so that every server opens what another one closed and a restart ends nothing.</summary>
public sealed class DataProtectionKeys(DataProtectionKeyStore store) : IXmlRepository
{
    public IReadOnlyCollection<XElement> GetAllElements() => [.. store.List().Select(XElement.Parse)];

    public void StoreElement(XElement element, string friendlyName) => store.Add(friendlyName, element.ToString(SaveOptions.DisableFormatting));
}

/// <summary>Seals the secret part of a Data Protection key under the key-encryption key.</summary>
public sealed class DataProtectionSeal(KeyEncryption encryption) : IXmlEncryptor
{
    public EncryptedXmlInfo Encrypt(XElement plaintextElement) =>
        new(new XElement("sealed", Convert.ToBase64String(encryption.Seal(System.Text.Encoding.UTF8.GetBytes(plaintextElement.ToString(SaveOptions.DisableFormatting))))), typeof(DataProtectionUnseal));
}

/// <summary>Opens what <see cref="DataProtectionSeal"/> closed. Data Protection makes it by name.</summary>
public sealed class DataProtectionUnseal(IServiceProvider services) : IXmlDecryptor
{
    public XElement Decrypt(XElement encryptedElement) =>
        XElement.Parse(System.Text.Encoding.UTF8.GetString(services.GetRequiredService<KeyEncryption>().Unseal(Convert.FromBase64String(encryptedElement.Value))));
}
