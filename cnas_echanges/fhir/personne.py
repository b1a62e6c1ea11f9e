"""`Patient`, `Coverage`, éligibilité : la réponse de `verifier_droits`, et rien de plus qu'elle."""
from odoo import _

from . import elements
from .elements import HL7, Lecture, concept, identifiant_sur, reference, sans_vide, somme


def ecrire_patient(droits, fiche=None):
    """Rend le `Patient` d'une vérification des droits.

    :param droits: la réponse de `verifier_droits`
    :param fiche: l'assuré, si l'usager lit les fiches : sexe et naissance s'ajoutent
    """
    patient = {"resourceType": "Patient", "id": identifiant_sur(droits["matricule"]), "active": True,
               "identifier": [{"system": elements.MATRICULE, "value": droits["matricule"]}], "name": [{"text": droits["name"]}]}
    if fiche:
        patient["name"] = [sans_vide({"text": droits["name"], "family": fiche.nom, "given": [fiche.prenom] if fiche.prenom else None})]
        patient["gender"] = "male" if fiche.genre == "masculin" else "female"
        if fiche.date_naissance:
            patient["birthDate"] = f"{fiche.date_naissance.year}" if fiche.date_naissance_estimee else str(fiche.date_naissance)
        if fiche.date_deces:
            patient["deceasedDateTime"] = str(fiche.date_deces)
    return patient


def ecrire_couverture(droits):
    """Rend la `Coverage` : active si les droits sont ouverts, avec leurs dates et leur régime."""
    ouverts = droits["etat_droits"] == "ouverts"
    return sans_vide({
        "resourceType": "Coverage", "id": identifiant_sur(droits["matricule"]), "status": "active" if ouverts else "cancelled",
        "identifier": [{"system": elements.MATRICULE, "value": droits["matricule"]}],
        "subscriberId": droits["matricule"], "beneficiary": reference("Patient", identifiant_sur(droits["matricule"]), droits["name"]),
        "period": sans_vide({"start": droits["date_debut_droits"] or None, "end": droits["date_fin_droits"] or None}),
        "payor": [reference("Organization", elements.CAISSE, "CNAS")],
        "class": [{"type": concept(HL7 + "coverage-class", "plan"), "value": droits["regime"], "name": droits["regime"]}] if droits["regime"] else None,
    })


def lire_eligibilite(ressource):
    """Rend (matricule, jour ou None) d'une `CoverageEligibilityRequest`.

    :raise FhirErreur: ce qu'il faut corriger
    """
    lu = Lecture(ressource, "CoverageEligibilityRequest")
    lu.parmi(ressource, "status", "status", ("active",))
    buts = ressource.get("purpose")
    if not isinstance(buts, list) or not buts or not all(but in ("auth-requirements", "benefits", "discovery", "validation") for but in buts if isinstance(but, str)) \
            or not all(isinstance(but, str) for but in buts):
        lu.faute("purpose", _("« purpose » est une liste de « validation », « benefits », « discovery » ou « auth-requirements »."), "code-invalid")
    matricule = lu.vise(ressource, "patient", "patient", "Patient", True)
    periode = lu.objet(ressource, "servicedPeriod", "servicedPeriod")
    jour = lu.jour(ressource, "servicedDate", "servicedDate") or lu.jour(periode, "start", "servicedPeriod.start")
    lu.conclure()
    return matricule, jour


def identifiant_eligibilite(matricule, jour):
    """Rend l'identifiant d'une vérification : qui, quel jour ; la même question a le même."""
    return f"{identifiant_sur(matricule)}.{jour.replace('-', '')}"


def ecrire_demande_eligibilite(droits, jour, moment):
    """Rend la `CoverageEligibilityRequest` redite."""
    return {
        "resourceType": "CoverageEligibilityRequest", "id": identifiant_eligibilite(droits["matricule"], jour), "status": "active",
        "purpose": ["validation", "benefits"], "patient": reference("Patient", identifiant_sur(droits["matricule"]), droits["name"]),
        "servicedDate": jour, "created": elements.instant(moment), "insurer": reference("Organization", elements.CAISSE)}


def ecrire_eligibilite(droits, jour, moment):
    """Rend la `CoverageEligibilityResponse` : les droits ce jour-là, et ce qui reste des plafonds."""
    identifiant = identifiant_eligibilite(droits["matricule"], jour)
    periode = sans_vide({"start": droits["date_debut_droits"] or None, "end": droits["date_fin_droits"] or None})
    return sans_vide({
        "resourceType": "CoverageEligibilityResponse", "id": identifiant, "status": "active", "purpose": ["validation", "benefits"],
        "patient": reference("Patient", identifiant_sur(droits["matricule"]), droits["name"]), "servicedDate": jour,
        "created": elements.instant(moment), "request": reference("CoverageEligibilityRequest", identifiant), "outcome": "complete",
        "disposition": droits["motif"] or None, "insurer": reference("Organization", elements.CAISSE),
        "insurance": [sans_vide({
            "coverage": reference("Coverage", identifiant_sur(droits["matricule"])), "inforce": droits["etat_droits"] == "ouverts",
            "benefitPeriod": periode, "item": [item for item in map(_plafond, droits.get("plafonds", ())) if item]})],
    })


def _plafond(plafond):
    """Rend ce qui reste d'un plafond, s'il borne quelque chose."""
    avantages = []
    if plafond["montant_max"]:
        avantages.append({"type": concept(HL7 + "benefit-type", "benefit"), "allowedMoney": somme(plafond["montant_max"]),
                          "usedMoney": somme(plafond["montant_consomme"])})
    if plafond["nombre_max"]:
        avantages.append({"type": concept(HL7 + "benefit-type", "visit"), "allowedUnsignedInt": int(plafond["nombre_max"]),
                          "usedUnsignedInt": int(plafond["nombre_consomme"])})
    nom = plafond["categorie"] or _("Tous soins")
    return {"name": _("%(nom)s, par famille", nom=nom) if plafond["portee"] == "famille" else nom, "benefit": avantages} if avantages else None
