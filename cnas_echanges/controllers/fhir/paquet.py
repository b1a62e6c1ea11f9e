"""`Bundle` : une page de recherche, une transaction (tout ou rien), un lot (chacun pour soi)."""
import json
from urllib.parse import urlencode

from odoo import _
from odoo.exceptions import AccessError, UserError

from odoo.addons.cnas_base.lecture import montrer

from ...fhir.erreur import FhirErreur, resultat
from .demandes import phrase

ENTREES_MAX = 1000


def page(base, type_ressource, parametres, total, ressources, decalage, nombre):
    """Rend la page d'une recherche, avec ses liens."""
    def lien(relation, debut):
        return {"relation": relation, "url": f"{base}/{type_ressource}?{urlencode([*parametres, ('_count', nombre), ('_offset', debut)])}"}
    liens = [lien("self", decalage)]
    if decalage + nombre < total and nombre:
        liens.append(lien("next", decalage + nombre))
    if decalage:
        liens.append(lien("previous", max(0, decalage - nombre)))
    paquet = {"resourceType": "Bundle", "type": "searchset", "total": total, "link": liens}
    entrees = [{"fullUrl": f"{base}/{r['resourceType']}/{r['id']}", "resource": r, "search": {"mode": "match"}} for r in ressources]
    return {**paquet, "entry": entrees} if entrees else paquet


class Paquet:
    """Un `Bundle` reçu. Les demandes d'une transaction partent en un seul envoi : le coût est celui d'`importer`."""

    def __init__(self, porte, ressource):
        if ressource.get("resourceType") != "Bundle" or ressource.get("type") not in ("transaction", "batch"):
            raise FhirErreur(_("Envoyez ici un « Bundle » de type « transaction » ou « batch »."), 400, "invalid")
        self.porte, self.entrees = porte, ressource.get("entry", [])
        self.tout_ou_rien = ressource["type"] == "transaction"
        if not isinstance(self.entrees, list) or len(self.entrees) > ENTREES_MAX or not all(isinstance(e, dict) for e in self.entrees):
            raise FhirErreur(_("« entry » est une liste d'au plus %s objets.", ENTREES_MAX), 400, "structure")

    def traiter(self):
        """Rend le `Bundle` de réponse."""
        reponses = self._transaction() if self.tout_ou_rien else [self._seule(entree, rang) for rang, entree in enumerate(self.entrees)]
        return {"resourceType": "Bundle", "type": "transaction-response" if self.tout_ou_rien else "batch-response",
                **({"entry": reponses} if reponses else {})}

    def _transaction(self):
        """Tout ou rien : les demandes ensemble, puis le reste, les lectures en dernier."""
        demandes = [self._demande(entree, rang) for rang, entree in enumerate(self.entrees)]
        reponses = [None] * len(demandes)
        claims = [rang for rang, (methode, adresse, entree) in enumerate(demandes)
                  if methode == "POST" and adresse == "Claim" and not entree["request"].get("ifNoneExist")]
        if claims:
            ressource = self.porte.ressource("Claim")
            crees = ressource.creer_ensemble([self._corps(self.entrees[rang], rang) for rang in claims], claims)
            for rang, (cree, nouvelle) in zip(claims, crees):
                reponses[rang] = self._reponse(201 if nouvelle else 200, cree)
        restes = [rang for rang in range(len(demandes)) if reponses[rang] is None]
        for rang in sorted(restes, key=lambda r: (demandes[r][0] == "GET", r)):
            self.porte.env.cr.flush()  # la trace de ce qui vient d'être vérifié compte dans le débit de la suite
            reponses[rang] = self._mener(demandes[rang], rang)
        return reponses

    def _seule(self, entree, rang):
        """Mène une entrée d'un lot : son refus n'arrête pas les autres."""
        try:
            with self.porte.env.cr.savepoint():
                return self._mener(self._demande(entree, rang), rang)
        except FhirErreur as refus:
            self.porte.tracer(refus)
            return {"response": {"status": str(refus.statut), "outcome": resultat(refus.fautes)}}
        except (UserError, AccessError) as refus:
            refuse = FhirErreur(phrase(refus), 403 if isinstance(refus, AccessError) else 422, "processing")
            return {"response": {"status": str(refuse.statut), "outcome": resultat(refuse.fautes)}}

    def _mener(self, demande, rang):
        methode, adresse, entree = demande
        ressource = self._corps(entree, rang) if methode in ("POST", "PUT") else None
        statut, rendu = self.porte.mener(methode, adresse, ressource, {
            "If-None-Exist": entree["request"].get("ifNoneExist"), "If-Match": entree["request"].get("ifMatch")})
        return self._reponse(statut, rendu)

    @staticmethod
    def _corps(entree, rang):
        if not isinstance(entree.get("resource"), dict):
            raise FhirErreur(_("« entry[%s].resource » manque.", rang), 400, "required")
        return entree["resource"]

    @staticmethod
    def _demande(entree, rang):
        demande = entree.get("request")
        if not isinstance(demande, dict) or not isinstance(demande.get("method"), str) or not isinstance(demande.get("url"), str):
            raise FhirErreur(_("« entry[%s].request » : écrivez « method » et « url ».", rang), 400, "required")
        for nom in ("ifNoneExist", "ifMatch"):
            if not isinstance(demande.get(nom), (str, type(None))):
                raise FhirErreur(_("« entry[%(rang)s].request.%(nom)s » doit être un texte.", rang=rang, nom=nom), 400, "invalid")
        if demande["method"] not in ("GET", "POST", "PUT"):
            raise FhirErreur(_("« entry[%(rang)s].request.method » : %(lu)s n'est pas permis.", rang=rang, lu=montrer(demande["method"])), 405, "not-supported")
        return demande["method"], demande["url"].lstrip("/")[:2000], entree

    @staticmethod
    def _reponse(statut, rendu):
        reponse = {"status": str(statut)}
        meta = rendu.get("meta") or {}
        if rendu.get("id") and rendu["resourceType"] != "Bundle":
            reponse["location"] = f"{rendu['resourceType']}/{rendu['id']}" + (f"/_history/{meta['versionId']}" if meta else "")
        if meta:
            reponse |= {"etag": f'W/"{meta["versionId"]}"', "lastModified": meta["lastUpdated"]}
        return {"resource": rendu, "response": reponse}


def octets(ressource):
    """Rend le JSON d'une ressource, en UTF-8."""
    return json.dumps(ressource, ensure_ascii=False, separators=(",", ":")).encode()
