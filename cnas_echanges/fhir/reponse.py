"""`ClaimResponse` : ce que la caisse a décidé, ligne à ligne, au franc, chaque refus avec son motif."""
from odoo.addons.cnas_base.jour import jour_de
from odoo.addons.cnas_feuilles_soin.controllers.portail import ETATS_DECIDES

from . import elements
from .demande import PREFIXE_ENTENTE
from .elements import HL7, concept, identifiant_sur, instant, meta, reference, sans_vide, somme

ISSUES = {"validee": "complete", "payee": "complete", "rejetee": "complete", "annulee": "complete", "instance": "partial"}
# (code d'adjudication, système, champ de la ligne)
CASES = (("submitted", HL7 + "adjudication", "montant_facture"), ("eligible", HL7 + "adjudication", "montant_base"),
         ("benefit", HL7 + "adjudication", "montant_cnas"), ("copay", HL7 + "adjudication", "ticket_moderateur"),
         ("depassement", elements.MOTIF, "depassement"), ("rejete", elements.MOTIF, "montant_rejete"))


def ecrire_reponse(feuille, etat, motifs, paiement=None):
    """Rend la `ClaimResponse` d'une feuille.

    :param etat: l'état, en clair
    :param motifs: {ligne ou False: [(code de règle, phrase)]} des anomalies ouvertes
    :param paiement: (jour, référence) si elle est payée
    """
    decidee = feuille.state in ETATS_DECIDES
    lignes = feuille.ligne_ids
    return sans_vide({
        "resourceType": "ClaimResponse", "id": str(feuille.id), "meta": meta(feuille.write_date),
        "identifier": [{"system": elements.NUMERO, "value": feuille.numero}] if feuille.numero else None,
        "status": "cancelled" if feuille.state == "annulee" else "active",
        "type": concept(HL7 + "claim-type", "institutional" if feuille.type_soins == "hospitalisation" else "professional"), "use": "claim",
        "patient": reference("Patient", identifiant_sur(feuille.assure_id.matricule), feuille.assure_id.name),
        "created": str(jour_de(feuille.date_decision) if feuille.date_decision else feuille.date_depot),
        "insurer": reference("Organization", elements.CAISSE),
        "requestor": reference("Organization", identifiant_sur(feuille.formation_id.code)), "request": reference("Claim", feuille.id),
        "outcome": ISSUES.get(feuille.state, "queued"), "disposition": feuille.motif_decision and f"{etat} — {feuille.motif_decision}" or etat,
        "item": [_ligne(ligne, rang, motifs.get(ligne.id, ()), decidee) for rang, ligne in enumerate(lignes, 1)],
        "total": [{"category": concept(systeme, code), "amount": somme(feuille[champ])} for code, systeme, champ in (CASES if decidee else CASES[:1])],
        "payment": paiement and sans_vide({
            "type": concept(HL7 + "ex-paymenttype", "complete"), "date": str(paiement[0] or ""), "amount": somme(feuille.montant_cnas),
            "identifier": {"value": paiement[1]} if paiement[1] else None}),
        "processNote": [{"number": rang, "type": "display", "text": phrase} for rang, (_code, phrase) in enumerate(motifs.get(False, ()), 1)],
        "error": [{"code": concept(elements.MOTIF, code, phrase)} for code, phrase in motifs.get(False, ())] if feuille.state == "rejetee" else None,
    })


def _ligne(ligne, rang, motifs, decidee):
    """Rend l'adjudication d'une ligne : chaque montant, et pourquoi celui qui est refusé ou réduit."""
    raison = motifs and concept(elements.MOTIF, motifs[0][0], " ; ".join(phrase for _code, phrase in motifs)) or None
    if not decidee or ligne.decision == "attente":
        return {"itemSequence": rang, "adjudication": [sans_vide({
            "category": concept(HL7 + "adjudication", "submitted"), "reason": raison, "amount": somme(ligne.montant_facture)})]}
    cases = [sans_vide({"category": concept(systeme, code), "amount": somme(ligne[champ]),
                        "reason": raison if champ in ("montant_rejete", "montant_base") and (ligne[champ] or code == "eligible") else None})
             for code, systeme, champ in CASES]
    cases.append({"category": concept(HL7 + "adjudication", "eligpercent"), "value": round(ligne.taux, 2)})
    return {"itemSequence": rang, "adjudication": cases}


def ecrire_reponse_entente(entente, etat):
    """Rend la `ClaimResponse` d'une entente : accordée, elle porte son numéro et sa validité."""
    accordee = entente.state in ("accordee", "expiree")
    return sans_vide({
        "resourceType": "ClaimResponse", "id": f"{PREFIXE_ENTENTE}{entente.id}", "meta": meta(entente.write_date),
        "status": "active", "type": concept(HL7 + "claim-type", "professional"), "use": "preauthorization",
        "patient": reference("Patient", identifiant_sur(entente.assure_id.matricule), entente.assure_id.name),
        "created": instant(entente.date_decision or entente.date_demande), "insurer": reference("Organization", elements.CAISSE),
        "requestor": reference("Organization", identifiant_sur(entente.formation_id.code)),
        "request": reference("Claim", f"{PREFIXE_ENTENTE}{entente.id}"),
        "outcome": "complete" if accordee or entente.state == "refusee" else "queued",
        "disposition": entente.motif_decision and f"{etat} — {entente.motif_decision}" or etat,
        "preAuthRef": entente.numero if accordee else None,
        "preAuthPeriod": {"start": str(entente.date_debut), "end": str(entente.date_fin)} if accordee else None,
        "item": [{"itemSequence": 1, "adjudication": [
            {"category": concept(HL7 + "adjudication", "benefit"), "amount": somme(entente.montant_accorde), "value": entente.quantite_accordee}]}]
        if accordee else None,
    })
