import datetime
import json
from collections import defaultdict

from odoo import _, _lt, api, models, tools
from odoo.exceptions import ValidationError

from odoo.addons.cnas_base.ecriture import ecrire_date
from odoo.addons.cnas_base.impression.langue import sql_francais
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.lecture import lire_date, lire_montant

from ..niveau import lire_niveau
from .revision import TYPES_TARIF

UN_JOUR = datetime.timedelta(days=1)
FIN_DES_TEMPS = datetime.date.max
# Anomalies courantes, traduites une fois par révision : un classeur en porte des milliers.
ANOMALIES = {
    "arret": _lt("S'arrête le %s : un autre tarif suit."),
    "trou": _lt("Plus de tarif après le %s."),
    "variation": _lt("Variation de %+d %%."),
    "nul": _lt("Montant nul."),
    "premier": _lt("Aucun tarif ce jour-là jusqu'ici."),
    "retroactif": _lt("Rétroactif."),
}


class RevisionTarifControle(models.Model):
    """Contrôle à blanc d'une révision : lit, rapproche et juge tous les rangs, en un nombre constant de requêtes."""

    _inherit = "cnas.revision_tarif"

    def _controler_rangs(self, rangs):
        """Rend les valeurs des lignes de révision, dans l'ordre des rangs.

        :param rangs: dict {rang, code, niveau, montant, date_debut, date_fin, description} bruts
        """
        lignes = [self._lire_rang(rang) for rang in rangs]
        objets = self._objets_par_code({ligne["code"] for ligne in lignes})
        for ligne in lignes:
            self._rapprocher(ligne, objets.get(ligne["code"]))
        for type_tarif, _nom in TYPES_TARIF:
            bonnes = [li for li in lignes if li["type_tarif"] == type_tarif and not li["refus"]]
            if bonnes:
                self._situer(type_tarif, bonnes)
        phrases = {nom: str(phrase) for nom, phrase in ANOMALIES.items()}
        jour = aujourd_hui()
        for ligne in lignes:
            self._conclure(ligne, phrases, jour)
        return lignes

    @api.model
    def _texte(self, cellule, longueur):
        return str(cellule or "").replace("\x00", "").strip()[:longueur]

    def _lire_rang(self, rang):
        """Lit les cellules d'un rang ; ce qui ne se lit pas devient le motif de refus de la ligne."""
        ligne = {
            "rang": rang["rang"], "code": self._texte(rang.get("code"), 64).upper(), "libelle": None,
            "niveau": None, "montant_apres": None, "date_debut": None, "date_fin": None,
            "description": self._texte(rang.get("description"), 2000) or None,
            "type_tarif": None, "objet_id": None, "prestation_id": None,
            "tarif_id": None, "montant_avant": None, "fin_saisie": None, "operation": None, "anomalie": None, "refus": None, "avis": [],
        }
        try:
            ligne["niveau"] = lire_niveau(rang.get("niveau")) or None
            ligne["montant_apres"] = lire_montant(rang.get("montant"))
            ligne["date_debut"] = lire_date(rang.get("date_debut"), self.date_effet)
            ligne["date_fin"] = lire_date(rang.get("date_fin"), None)
        except ValidationError as erreur:
            ligne["refus"] = erreur.args[0]
            return ligne
        fin = ligne["fin_saisie"] = ligne["date_fin"]
        if fin and fin < ligne["date_debut"]:
            ligne["refus"] = _("La date de fin précède la date de début.")
        elif not all(1900 <= jour.year <= 2200 for jour in (ligne["date_debut"], fin or ligne["date_debut"])):
            ligne["refus"] = _("Année peu plausible.")
        return ligne

    @api.model
    def _objets_par_code(self, codes):
        """Rend {code: dict} des prestations et des lettres-clés connues, en une requête."""
        self.env["cnas.tarif"]._vider_tampon()
        self.env["cnas.prestation"].flush_model()
        self.env["cnas.lettre_cle"].flush_model()
        self.env.cr.execute(
            f"""SELECT l.code, {sql_francais("l.name")}, l.active, 'lettre_cle', l.id, NULL::int, NULL, NULL
                 FROM cnas_lettre_cle l WHERE l.code = ANY(%(codes)s)
            UNION ALL
               SELECT p.code, {sql_francais("p.name")}, p.active, p.type_prestation, COALESCE(m.id, c.id, a.id, e.id), p.id,
                      COALESCE(a.mode_tarif, e.mode_tarif), l.code
                 FROM cnas_prestation p
            LEFT JOIN cnas_medicament m ON m.prestation_id = p.id
            LEFT JOIN cnas_consommable c ON c.prestation_id = p.id
            LEFT JOIN cnas_acte a ON a.prestation_id = p.id
            LEFT JOIN cnas_examen e ON e.prestation_id = p.id
            LEFT JOIN cnas_lettre_cle l ON l.id = COALESCE(a.lettre_cle_id, e.lettre_cle_id)
                WHERE p.code = ANY(%(codes)s)""", {"codes": list(codes)})
        champs = ("libelle", "active", "type_tarif", "objet_id", "prestation_id", "mode", "lettre")
        return {code: dict(zip(champs, reste)) for code, *reste in self.env.cr.fetchall()}

    @api.model
    def _rapprocher(self, ligne, objet):
        """Rattache la ligne à sa prestation ou à sa lettre-clé, ou la refuse."""
        if ligne["refus"]:
            return
        if not objet or not objet["objet_id"]:
            ligne["refus"] = _("Code inconnu.") if ligne["code"] else _("Code manquant.")
            return
        ligne.update(libelle=objet["libelle"], type_tarif=objet["type_tarif"], objet_id=objet["objet_id"],
                     prestation_id=objet["prestation_id"])
        if objet["mode"] == "cotation":
            ligne["refus"] = _("En cotation : révisez la valeur de la lettre-clé %s.", objet["lettre"])
        elif not objet["active"]:
            ligne["refus"] = _("Archivé.")

    def _situer(self, type_tarif, lignes):
        """Situe des lignes d'un même type parmi les tarifs existants et entre elles, puis vérifie les tarifs utilisés."""
        existants = self._tarifs_existants(type_tarif, lignes)
        precedente = {}
        for ligne in sorted(lignes, key=lambda li: (li["objet_id"], li["niveau"] or 0, li["date_debut"], li["rang"])):
            cle = (ligne["objet_id"], ligne["niveau"] or 0)
            self._situer_ligne(ligne, existants[cle], precedente.get(cle))
            if not ligne["refus"]:
                precedente[cle] = ligne
        self._refuser_utilises(type_tarif, lignes)

    @api.model
    def _tarifs_existants(self, type_tarif, lignes):
        """Rend {(objet, niveau): [(id, début, fin, montant)]} des tarifs qui finissent après la première date."""
        table = self.env[f"cnas.config_{type_tarif}"]._table
        self.env.cr.execute(tools.SQL(
            """SELECT %(objet)s, COALESCE(niveau, 0), id, date_debut, date_fin, montant::bigint FROM %(table)s
                WHERE %(objet)s = ANY(%(ids)s) AND (date_fin IS NULL OR date_fin >= %(jour)s)
             ORDER BY date_debut""",
            objet=tools.SQL.identifier(f"{type_tarif}_id"), table=tools.SQL.identifier(table),
            ids=[li["objet_id"] for li in lignes], jour=min(li["date_debut"] for li in lignes)))
        existants = defaultdict(list)
        for objet, niveau, *tarif in self.env.cr.fetchall():
            existants[objet, niveau].append(tarif)
        return existants

    @api.model
    def _situer_ligne(self, ligne, existants, precedente):
        """Décide de l'opération d'une ligne : création, suite, coupe ou remplacement.

        * suite : un tarif sans fin court, il sera clos la veille ;
        * coupe : un tarif qui a une fin court, il s'arrête la veille et la ligne reprend sa fin ;
        * remplacement : un tarif commence le même jour, son montant change.
        """
        debut, fin = ligne["date_debut"], ligne["date_fin"]
        if precedente and debut <= (precedente["fin_saisie"] or precedente["date_debut"]):
            ligne["refus"] = _("Même code, même niveau et mêmes dates que la ligne %s.", precedente["rang"])
            return
        avant = next((t for t in existants if t[1] <= debut and (not t[2] or t[2] >= debut)), None)
        suivant = next((t[1] for t in existants if t[1] > debut), None)
        ligne["operation"] = "creation"
        if avant:
            self._suivre(ligne, *avant, precedente)
            fin = fin or avant[2]
        if suivant and (not fin or fin >= suivant):
            if ligne["fin_saisie"]:
                ligne["refus"] = _("Chevauche le tarif qui commence le %s.", ecrire_date(suivant))
                return
            fin = suivant - UN_JOUR
            ligne["avis"].append(("arret", ecrire_date(fin)))
        if precedente and not precedente["fin_saisie"]:
            precedente["date_fin"] = debut - UN_JOUR
        ligne["date_fin"] = fin
        if avant and fin and fin < (avant[2] or FIN_DES_TEMPS):
            ligne["avis"].append(("trou", ecrire_date(fin)))

    @api.model
    def _suivre(self, ligne, tarif, debut_avant, fin_avant, montant, precedente):
        """Note ce que la ligne fait du tarif en vigueur à sa date, ou de la ligne précédente du même classeur."""
        if precedente and precedente["tarif_id"] == tarif:
            ligne["montant_avant"] = precedente["montant_apres"]
            return
        ligne.update(tarif_id=tarif, montant_avant=montant)
        if debut_avant == ligne["date_debut"]:
            ligne["operation"] = "remplacement"
        else:
            ligne["operation"] = "coupe" if fin_avant else "suite"

    @api.model
    def _refuser_utilises(self, type_tarif, lignes):
        """Refuse les lignes dont le tarif précédent a servi à une feuille liquidée depuis la date d'effet."""
        touchees = {li["tarif_id"]: li for li in lignes if li["tarif_id"] and not li["refus"]}
        if type_tarif == "lettre_cle":
            configs = self.env["cnas.config_lettre_cle"].browse(touchees)
            prestations = {c.id: c._prestations_tarifees() for c in configs}
        else:
            prestations = {tarif: [li["prestation_id"]] for tarif, li in touchees.items()}
        plages = [(tarif, prestation, li["niveau"] or False, li["date_debut"], False)
                  for tarif, li in touchees.items() for prestation in prestations[tarif]]
        for tarif in self.env["cnas.prestation"]._tarif_utilise(plages) if plages else ():
            touchees[tarif]["refus"] = _(
                "Le tarif en vigueur a déjà servi à une feuille liquidée après le %s.",
                ecrire_date(touchees[tarif]["date_debut"]))

    def _conclure(self, ligne, phrases, jour):
        """Donne l'état de la ligne et signale les anomalies (n'empêchent pas d'appliquer)."""
        avant, apres, avis = ligne["montant_avant"], ligne["montant_apres"], ligne.pop("avis")
        ligne["variation"] = 100 * (apres - avant) / avant if avant and apres is not None else 0
        if ligne["refus"]:
            ligne["state"] = "refusee"
            return
        if avant and abs(ligne["variation"]) > self.seuil_anomalie:
            avis.append(("variation", round(ligne["variation"])))
        if not apres:
            avis.append(("nul",))
        if not avant:
            avis.append(("premier",))
        if ligne["date_debut"] < jour:
            avis.append(("retroactif",))
        inchangee = avant == apres and ligne["operation"] in ("suite", "coupe", "remplacement")
        ligne["anomalie"] = " ".join(phrases[nom] % tuple(valeurs) for nom, *valeurs in avis) or None
        ligne["state"] = "inchangee" if inchangee else "a_appliquer"

    def _ecrire_lignes(self, lignes, gardees=()):
        """Remplace les lignes de la révision, sauf celles à l'état gardé, en deux requêtes."""
        self.env["cnas.revision_tarif.ligne"].flush_model()
        self.env.cr.execute("DELETE FROM cnas_revision_tarif_ligne WHERE revision_id = %s AND NOT (state = ANY(%s))", (self.id, list(gardees)))
        colonnes = {
            "rang": "int", "code": "varchar", "libelle": "varchar", "niveau": "int", "description": "text",
            "type_tarif": "varchar", "objet_id": "int", "tarif_id": "int", "operation": "varchar", "montant_avant": "numeric", "montant_apres": "numeric",
            "variation": "float8", "date_debut": "date", "date_fin": "date", "anomalie": "text", "refus": "text",
            "state": "varchar",
        }
        noms = tools.SQL(", ").join(map(tools.SQL.identifier, colonnes))
        types = tools.SQL(", ").join(tools.SQL(f"%s {genre}", tools.SQL.identifier(nom))
                                     for nom, genre in colonnes.items())
        self.env.cr.execute(tools.SQL(
            "INSERT INTO cnas_revision_tarif_ligne (revision_id, %s) "
            "SELECT %s, %s FROM jsonb_to_recordset(%s) AS d(%s) ORDER BY rang",
            noms, self.id, noms, json.dumps(lignes, default=str), types))
        self.env["cnas.revision_tarif.ligne"].invalidate_model()
        self.invalidate_recordset(["ligne_ids", "nombre", "nombre_refusees", "nombre_anomalies", "nombre_appliquees"])
