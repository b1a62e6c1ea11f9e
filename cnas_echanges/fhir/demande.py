"""`Claim` : reçu, il devient la feuille qu'`importer` prend ou la demande d'entente ; rendu, il redit le dossier."""
import base64
import binascii

from odoo import _

from . import elements
from .elements import HL7, Lecture, concept, identifiant_sur, meta, reference, sans_vide, somme

TYPES_SOINS = {"institutional": "hospitalisation"}
TYPES = ("institutional", "oral", "pharmacy", "professional", "vision")
# Ce que FHIR ne prévoit pas : un nouveau-né soigné sous le numéro de sa mère, la carte présentée.
EXTENSIONS = {"nouveau-ne": ("nouveau_ne", "valueBoolean"), "date-naissance": ("date_naissance_declaree", "valueDate"),
              "rang-naissance": ("rang_naissance", "valueInteger"), "carte": ("carte", "valueString")}
PREFIXE_ENTENTE = "entente-"


# ---------------------------------------------------------------- lire
def lire_feuille(claim):
    """Rend (la feuille au format d'`importer`, le code de passage ou None).

    :raise FhirErreur: tout ce qu'il faut corriger, avec son chemin
    """
    lu = Lecture(claim, "Claim")
    feuille = _commun(lu)
    feuille["type_soins"] = TYPES_SOINS.get(_type(lu), "ambulatoire")
    feuille["mode"] = _mode(lu)
    periode = lu.objet(claim, "billablePeriod", "billablePeriod")
    feuille["date_soins"] = lu.jour(periode, "start", "billablePeriod.start") or _jour_des_lignes(lu)
    feuille["date_fin_soins"] = lu.jour(periode, "end", "billablePeriod.end")
    if feuille["date_fin_soins"] == feuille["date_soins"] and feuille["type_soins"] == "ambulatoire":
        feuille["date_fin_soins"] = None
    if not feuille["date_soins"] and not lu.fautes:
        lu.faute("billablePeriod.start", _("Champ manquant : « billablePeriod.start », le jour des soins."), "required")
    feuille["lignes"] = [_ligne(lu, item, f"item[{rang}]") for rang, item in enumerate(lu.liste(claim, "item", "item", 200))]
    if not feuille["lignes"]:
        lu.faute("item", _("« item » doit porter au moins une prestation."), "required")
    feuille["total"] = lu.somme(claim, "total", "total")
    assurances = lu.liste(claim, "insurance", "insurance", 5)
    accords = assurances[0].get("preAuthRef") if assurances else None
    if accords:
        if not isinstance(accords, list) or not isinstance(accords[0], str):
            lu.faute("insurance[0].preAuthRef", _("« preAuthRef » est une liste de numéros d'entente."))
        else:
            feuille["entente"] = accords[0]
    feuille["remplace"] = _remplacee(lu)
    _extensions(lu, feuille)
    feuille["pieces"], passage, _note = _informations(lu)
    lu.conclure()
    return {nom: valeur for nom, valeur in feuille.items() if valeur is not None}, passage


def lire_entente(claim):
    """Rend (la demande d'entente, le code de la formation, [(nom, octets, type)], la référence du logiciel).

    :raise FhirErreur: tout ce qu'il faut corriger
    """
    lu = Lecture(claim, "Claim")
    commun = _commun(lu)
    lignes = lu.liste(claim, "item", "item", 200)
    if len(lignes) != 1:
        lu.faute("item", _("Une demande d'entente porte une seule prestation."), "required")
    ligne = _ligne(lu, lignes[0], "item[0]") if lignes else {}
    pieces, _passage, note = _informations(lu)
    if not note:
        lu.faute("supportingInfo", _("Écrivez la justification médicale : « supportingInfo » de catégorie « info », en « valueString »."), "required")
    quand = lu.jour(lu.objet(claim, "billablePeriod", "billablePeriod"), "start", "billablePeriod.start")
    lu.conclure()
    photos = [(piece["nom"], base64.b64decode(piece["contenu"]), piece["mime"]) for piece in pieces]
    return {"matricule": commun["matricule"], "prestation": ligne["prestation"], "quantite": ligne["quantite"],
            "montant": ligne["quantite"] * ligne["prix_unitaire"], "date_prevue": quand or "", "pathologie": commun.get("pathologie") or "",
            "justification": note, "urgence": commun["urgence"]}, commun["formation"], photos, commun["reference"]


def usage(claim):
    """Rend l'usage d'un `Claim` : `claim` ou `preauthorization`."""
    lu = Lecture(claim, "Claim")
    lu_usage = lu.parmi(claim, "use", "use", ("claim", "preauthorization"))
    lu.conclure()
    return lu_usage


def _commun(lu):
    claim = lu.ressource
    lu.parmi(claim, "status", "status", ("active",))
    numeros = lu.liste(claim, "identifier", "identifier", 20)
    choisi = next((n for n in numeros if n.get("system") == elements.REFERENCE), numeros[0] if numeros else {})
    priorite = lu.code(claim, "priority", "priority", HL7 + "processpriority")
    diagnostics = lu.liste(claim, "diagnosis", "diagnosis", 50)
    principal = next((d for d in diagnostics if d.get("sequence") == 1), diagnostics[0] if diagnostics else {})
    equipe = lu.liste(claim, "careTeam", "careTeam", 50)
    return {
        "reference": lu.texte(choisi, "value", "identifier.value", True, 64),
        "formation": lu.vise(claim, "provider", "provider", "Organization", True),
        "matricule": lu.vise(claim, "patient", "patient", "Patient", True),
        "urgence": priorite == "stat",
        "pathologie": lu.code(principal, "diagnosisCodeableConcept", "diagnosis[0].diagnosisCodeableConcept", elements.CIM10),
        "praticien": lu.vise(equipe[0], "provider", "careTeam[0].provider", "Practitioner") if equipe else None,
    }


def _type(lu):
    """Rend le type de demande, obligatoire en FHIR."""
    code = lu.code(lu.ressource, "type", "type", HL7 + "claim-type", True)
    if code and code not in TYPES:
        lu.faute("type", _("« type » : code inconnu « %(code)s », attendu %(choix)s.", code=code, choix=", ".join(TYPES)), "code-invalid")
    return code


def _mode(lu):
    """Rend qui l'on paie : la formation, ou l'assuré qui a avancé les frais."""
    payee = lu.objet(lu.ressource, "payee", "payee")
    code = lu.code(payee, "type", "payee.type", HL7 + "payeetype") if payee else None
    if code not in (None, "provider", "subscriber"):
        lu.faute("payee.type", _("« payee.type » vaut « %s » : attendu « provider » (tiers payant) ou « subscriber » (remboursement).", code),
                 "code-invalid")
    return "remboursement" if code == "subscriber" else "tiers_payant"


def _jour_des_lignes(lu):
    jours = {lu.jour(item, "servicedDate", f"item[{rang}].servicedDate") for rang, item in enumerate(lu.liste(lu.ressource, "item", "item", 200))}
    jours.discard(None)
    return min(jours) if jours else None


def _ligne(lu, item, ou):
    """Rend une ligne d'`importer` ; le net, s'il est écrit, doit être celui de la multiplication."""
    ligne = {"prestation": lu.code(item, "productOrService", f"{ou}.productOrService", elements.PRESTATION, True),
             "quantite": lu.quantite(item, "quantity", f"{ou}.quantity"), "prix_unitaire": lu.somme(item, "unitPrice", f"{ou}.unitPrice")}
    if ligne["prix_unitaire"] is None and not any(f.ou.endswith(f"{ou}.unitPrice") for f in lu.fautes):
        lu.faute(f"{ou}.unitPrice", _("Champ manquant : « %s.unitPrice ».", ou), "required")
    if item.get("factor", 1) != 1:
        lu.faute(f"{ou}.factor", _("« %s.factor » : un facteur ne se facture pas, changez la quantité ou le prix.", ou), "value")
    net = lu.somme(item, "net", f"{ou}.net")
    if net is not None and None not in ligne.values() and net != ligne["quantite"] * ligne["prix_unitaire"]:
        lu.faute(f"{ou}.net", _("« %s.net » n'est pas la quantité multipliée par le prix unitaire.", ou), "value")
    if item.get("detail"):
        lu.faute(f"{ou}.detail", _("« %s.detail » : écrivez chaque prestation dans son propre « item ».", ou), "not-supported")
    return ligne


def _remplacee(lu):
    """Rend le numéro du dossier que celui-ci corrige."""
    for rang, lie in enumerate(lu.liste(lu.ressource, "related", "related", 20)):
        if lu.code(lie, "relationship", f"related[{rang}].relationship", HL7 + "ex-relatedclaimrelationship") == "prior":
            return lu.texte(lu.objet(lie, "reference", f"related[{rang}].reference"), "value", f"related[{rang}].reference.value", True, 64)
    return None


def _extensions(lu, feuille):
    for rang, extension in enumerate(lu.liste(lu.ressource, "extension", "extension", 50)):
        url = extension.get("url")
        nom = url[len(elements.SYSTEME):] if isinstance(url, str) and url.startswith(elements.SYSTEME) else None
        if nom in EXTENSIONS:
            champ, cle = EXTENSIONS[nom]
            feuille[champ] = extension.get(cle)
        elif nom is not None:
            lu.faute(f"extension[{rang}]", _("Extension inconnue : « %s ».", nom[:64]), "not-supported")


def _informations(lu):
    """Rend (pièces au format d'`importer`, code de passage, note) des `supportingInfo`."""
    pieces, passage, notes = [], None, []
    for rang, info in enumerate(lu.liste(lu.ressource, "supportingInfo", "supportingInfo", 60)):
        ou = f"supportingInfo[{rang}]"
        jointe = lu.objet(info, "valueAttachment", f"{ou}.valueAttachment")
        categories = [c.get("code") for c in lu.liste(lu.objet(info, "category", f"{ou}.category"), "coding", f"{ou}.category.coding", 20)]
        if jointe:
            contenu = jointe.get("data")
            try:
                base64.b64decode(contenu, validate=True)
            except (binascii.Error, ValueError, TypeError):
                lu.faute(f"{ou}.valueAttachment.data", _("« %s » : le contenu n'est pas du base64 lisible.", ou))
                continue
            pieces.append({"type": lu.code(info, "code", f"{ou}.code", elements.PIECE, True) or "", "contenu": contenu,
                           "nom": lu.texte(jointe, "title", f"{ou}.valueAttachment.title", True),
                           "mime": lu.texte(jointe, "contentType", f"{ou}.valueAttachment.contentType") or "application/octet-stream"})
        elif "code-de-passage" in categories:
            passage = lu.texte(info, "valueString", f"{ou}.valueString", True, 1000)
        elif info.get("valueString") is not None:
            notes.append(lu.texte(info, "valueString", f"{ou}.valueString", maximum=4000) or "")
    return pieces, passage, "\n".join(notes)


def pieces_a_importer(feuille):
    """Rend la feuille dont les pièces n'ont plus que ce qu'`importer` connaît."""
    pieces = [{nom: piece[nom] for nom in ("type", "nom", "contenu")} for piece in feuille.get("pieces", ())]
    return {**{nom: valeur for nom, valeur in feuille.items() if nom != "pieces"}, **({"pieces": pieces} if pieces else {})}


# ---------------------------------------------------------------- écrire
def ecrire_feuille(feuille, diagnostic=None):
    """Rend le `Claim` d'une feuille de soins.

    :param feuille: la feuille, lue avec les droits du code (la règle de l'usager a choisi)
    :param diagnostic: (code, nom) si l'usager peut le lire
    """
    hospitalisation = feuille.type_soins == "hospitalisation"
    return sans_vide({
        "resourceType": "Claim", "id": str(feuille.id), "meta": meta(feuille.write_date),
        "identifier": [{"system": elements.REFERENCE, "value": feuille.reference}] * bool(feuille.reference)
        + [{"system": elements.NUMERO, "value": feuille.numero}] * bool(feuille.numero),
        "status": {"annulee": "cancelled", "brouillon": "draft"}.get(feuille.state, "active"),
        "type": concept(HL7 + "claim-type", "institutional" if hospitalisation else "professional"), "use": "claim",
        "patient": reference("Patient", identifiant_sur(feuille.assure_id.matricule), feuille.assure_id.name),
        "billablePeriod": sans_vide({"start": str(feuille.date_soins), "end": str(feuille.date_fin_soins or "")}),
        "created": str(feuille.date_depot or feuille.date_soins), "insurer": reference("Organization", elements.CAISSE),
        "provider": reference("Organization", identifiant_sur(feuille.formation_id.code), feuille.formation_id.name),
        "priority": concept(HL7 + "processpriority", "stat" if feuille.urgence else "normal"),
        "payee": {"type": concept(HL7 + "payeetype", "subscriber" if feuille.mode == "remboursement" else "provider")},
        "careTeam": feuille.praticien_id and [{"sequence": 1, "provider": reference(
            "Practitioner", identifiant_sur(feuille.praticien_id.numero_ordre), feuille.praticien_id.name)}] or None,
        "diagnosis": diagnostic and [{"sequence": 1, "diagnosisCodeableConcept": concept(elements.CIM10, *diagnostic)}],
        "insurance": [sans_vide({"sequence": 1, "focal": True, "coverage": reference("Coverage", identifiant_sur(feuille.assure_id.matricule)),
                                 "preAuthRef": [feuille.entente_id.numero] if feuille.entente_id else None})],
        "item": [{
            "sequence": rang, "productOrService": concept(elements.PRESTATION, ligne.prestation_id.code, ligne.prestation_id.name),
            "quantity": {"value": ligne.quantite}, "unitPrice": somme(ligne.prix_unitaire), "net": somme(ligne.montant_facture)}
            for rang, ligne in enumerate(feuille.ligne_ids, 1)],
        "total": somme(feuille.montant_facture),
    })


def ecrire_entente(entente, diagnostic=None, justification=None):
    """Rend le `Claim` de pré-autorisation d'une entente préalable."""
    prix = int(entente.montant_demande // entente.quantite_demandee) if entente.quantite_demandee else 0
    ligne = {"sequence": 1, "productOrService": concept(elements.PRESTATION, entente.prestation_id.code, entente.prestation_id.name),
             "quantity": {"value": entente.quantite_demandee}}
    if entente.montant_demande:
        ligne |= {"unitPrice": somme(prix), "net": somme(entente.montant_demande)}
    return sans_vide({
        "resourceType": "Claim", "id": f"{PREFIXE_ENTENTE}{entente.id}", "meta": meta(entente.write_date),
        "identifier": [{"system": elements.NUMERO, "value": entente.numero}]
        + [{"system": elements.REFERENCE, "value": entente.reference_logiciel}] * bool(entente.reference_logiciel),
        "status": "active", "type": concept(HL7 + "claim-type", "professional"), "use": "preauthorization",
        "patient": reference("Patient", identifiant_sur(entente.assure_id.matricule), entente.assure_id.name),
        "billablePeriod": entente.date_prevue and {"start": str(entente.date_prevue)} or None,
        "created": elements.instant(entente.date_demande), "insurer": reference("Organization", elements.CAISSE),
        "provider": reference("Organization", identifiant_sur(entente.formation_id.code), entente.formation_id.name),
        "priority": concept(HL7 + "processpriority", "stat" if entente.urgence else "normal"),
        "diagnosis": diagnostic and [{"sequence": 1, "diagnosisCodeableConcept": concept(elements.CIM10, *diagnostic)}],
        "supportingInfo": justification and [{"sequence": 1, "category": concept(HL7 + "claiminformationcategory", "info"),
                                              "valueString": justification}],
        "insurance": [{"sequence": 1, "focal": True, "coverage": reference("Coverage", identifiant_sur(entente.assure_id.matricule))}],
        "item": [ligne],
    })
