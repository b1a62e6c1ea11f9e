"""`Organization`, `Practitioner`, `ChargeItemDefinition` : qui soigne, et à quel tarif."""
from . import elements
from .elements import concept, identifiant_sur, meta, sans_vide, somme

CAISSE = {"resourceType": "Organization", "id": elements.CAISSE, "active": True, "name": "Caisse nationale d'assurance santé",
          "type": [concept(elements.HL7 + "organization-type", "pay")]}


def ecrire_formation(formation):
    """Rend l'`Organization` d'une formation sanitaire."""
    return sans_vide({
        "resourceType": "Organization", "id": identifiant_sur(formation.code), "meta": meta(formation.write_date),
        "identifier": [{"system": elements.FORMATION, "value": formation.code}], "active": formation.state == "active", "name": formation.name,
        "type": [concept(elements.HL7 + "organization-type", "prov")],
        "address": [sans_vide({"district": formation.district_id.name, "state": formation.province_id.name, "country": "TD"})]})


def ecrire_praticien(praticien):
    """Rend le `Practitioner`."""
    return sans_vide({
        "resourceType": "Practitioner", "id": identifiant_sur(praticien.numero_ordre), "meta": meta(praticien.write_date),
        "identifier": [{"system": elements.PRATICIEN, "value": praticien.numero_ordre}], "active": True, "name": [{"text": praticien.name}],
        "qualification": [{"code": {"text": praticien.specialite_id.name}}] if praticien.specialite_id else None})


def ecrire_tarif(prestation, tarif, jour):
    """Rend la `ChargeItemDefinition` d'une prestation : son tarif opposable ce jour-là, s'il y en a un."""
    return sans_vide({
        "resourceType": "ChargeItemDefinition", "id": identifiant_sur(prestation.code), "meta": meta(prestation.write_date),
        "url": f"{elements.PRESTATION}/{identifiant_sur(prestation.code)}", "identifier": [{"system": elements.PRESTATION, "value": prestation.code}],
        "title": prestation.name, "status": "active" if prestation.active else "retired", "publisher": "CNAS",
        "code": concept(elements.PRESTATION, prestation.code, prestation.name), "date": jour,
        "effectivePeriod": tarif and sans_vide({"start": tarif["date_debut"] or None, "end": tarif["date_fin"] or None}) or None,
        "propertyGroup": tarif and [{"priceComponent": [{"type": "base", "amount": somme(tarif["montant"])}]}] or None})
