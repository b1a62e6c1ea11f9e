"""`PaymentNotice`, `PaymentReconciliation` : ce que la caisse a payé, et pour quelles demandes."""
from . import elements
from .elements import HL7, concept, identifiant_sur, instant, meta, reference, sans_vide, somme

ETATS = {"paye": "paid", "rejete": "cleared"}


def ecrire_avis(ordre):
    """Rend le `PaymentNotice` d'un ordre de paiement."""
    jour = ordre.date_paiement or ordre.date_emission
    return sans_vide({
        "resourceType": "PaymentNotice", "id": str(ordre.id), "meta": meta(ordre.write_date),
        "identifier": [{"system": elements.NUMERO, "value": ordre.numero}], "status": "cancelled" if ordre.state == "annule" else "active",
        "created": instant(ordre.create_date), "provider": reference("Organization", identifiant_sur(ordre.formation_id.code)),
        "payment": reference("PaymentReconciliation", ordre.id), "paymentDate": str(jour) if jour else None,
        "payee": reference("Organization", identifiant_sur(ordre.formation_id.code), ordre.formation_id.name),
        "recipient": reference("Organization", identifiant_sur(ordre.formation_id.code)), "amount": somme(ordre.montant),
        "paymentStatus": concept(HL7 + "paymentstatus", "paid") if ordre.state == "paye" else None})


def ecrire_rapprochement(ordre, details):
    """Rend la `PaymentReconciliation` d'un ordre : ses demandes, puis ce qui n'en est aucune (recours, indus retenus).

    :param details: [(id de feuille, montant)] des feuilles que paie ce compte
    """
    jour = ordre.date_paiement or ordre.date_emission
    reste = int(ordre.montant) - sum(montant for _feuille, montant in details)
    lignes = [{"type": concept(HL7 + "payment-type", "payment"), "request": reference("Claim", feuille),
               "response": reference("ClaimResponse", feuille), "amount": somme(montant)} for feuille, montant in details]
    if reste:
        lignes.append({"type": concept(HL7 + "payment-type", "adjustment"), "amount": somme(reste)})
    return sans_vide({
        "resourceType": "PaymentReconciliation", "id": str(ordre.id), "meta": meta(ordre.write_date),
        "identifier": [{"system": elements.NUMERO, "value": ordre.numero}], "status": "cancelled" if ordre.state == "annule" else "active",
        "created": instant(ordre.create_date), "paymentIssuer": reference("Organization", elements.CAISSE),
        "outcome": "complete" if ordre.state == "paye" else "queued", "paymentDate": str(jour), "paymentAmount": somme(ordre.montant),
        "paymentIdentifier": {"value": ordre.reference_paiement} if ordre.reference_paiement else None, "detail": lignes})
