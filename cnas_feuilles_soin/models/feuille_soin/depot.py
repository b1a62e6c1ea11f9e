from collections import Counter

from odoo import _, fields, models
from odoo.exceptions import UserError

from odoo.addons.cnas_base.garde import transition
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_formations.models.formation_type import sql_type_au

from ...liquidation import execution
from ...liquidation.ecriture import ecrire_anomalies
from ...regles.registre import REGLES

# Ce qu'un dossier doit porter pour entrer dans le circuit : diagnostic codé, pièces exigées.
COMPLETUDE = ("REC-02", "REC-03")
# Ce qui doit être réglé pour sortir d'instance : joindre une pièce ne guérit ni un total faux ni une sortie non datée.
GUERISON = (*COMPLETUDE, "REC-01", "REC-10", "REC-11")


class FeuilleSoin(models.Model):
    """Dépôt et recevabilité : numéro sans trou, droits à la date des soins, pièces exigées."""

    _inherit = "cnas.feuille_soin"

    niveau_formation = fields.Integer(
        string="Niveau de la formation", readonly=True, copy=False, group_operator=None, help="Recopié au dépôt.")
    type_formation = fields.Selection(
        selection=lambda self: self.env["cnas.formation_sanitaire"]._fields["type_formation"]._description_selection(self.env),
        string="Type de la formation", readonly=True, copy=False, help="Recopié au dépôt.")

    # ------------------------------------------------------------------ actions
    @transition("deposer")
    def action_deposer(self):
        """Dépose les feuilles : donne les numéros, vérifie droits et pièces, affecte un contrôleur.

        Une feuille incomplète part en instance avec une demande de pièces ; les autres sont déposées.

        :return: True
        :raise UserError: feuille déjà déposée, sans ligne, ou aux dates impossibles ; rien n'est écrit
        """
        self._verifier_avant_depot()
        self._deposer()

    # ------------------------------------------------------------------ métier
    def _verifier_avant_depot(self):
        """Refuse le dépôt de ce qui n'est pas un dossier : sans ligne, dates impossibles."""
        aujourdhui = aujourd_hui()
        for feuille in self:
            nom = feuille.reference or feuille.assure_id.display_name
            depot = feuille.date_depot or aujourdhui
            if not feuille.ligne_ids:
                raise UserError(_("La feuille « %s » n'a aucune ligne : ajoutez au moins une prestation.", nom))
            for jour, quoi in ((feuille.date_soins, _("La date des soins")),
                               (feuille.date_fin_soins, _("La fin des soins")), (depot, _("La date de dépôt"))):
                if jour and jour > aujourdhui:
                    raise UserError(_("%(quoi)s de la feuille « %(nom)s » est dans le futur : corrigez-la.",
                                      quoi=quoi, nom=nom))
            if depot < feuille.date_soins:
                raise UserError(_("La feuille « %s » serait déposée avant les soins : corrigez l'une des dates.", nom))

    def _deposer(self):
        """Dépose un lot de brouillons déjà vérifiés, en un nombre de requêtes indépendant de sa taille."""
        if not self:
            return
        feuilles = self.sudo()
        agence_defaut = self.env["cnas.agence"]._de_l_usager()
        if not agence_defaut and any(not feuille.agence_id for feuille in feuilles):
            raise UserError(_("Aucune agence n'existe : créez-en une (Configuration → Agences) avant de déposer."))
        aujourdhui = aujourd_hui()
        agences = [(feuille.agence_id or agence_defaut) for feuille in feuilles]
        depots = [feuille.date_depot or aujourdhui for feuille in feuilles]
        recevabilite = feuilles._recevabilite_par_lot()
        numeros = feuilles._donner_numeros(agences, depots)
        self._ecrire_depot(agences, depots, numeros, recevabilite)
        incompletes = feuilles.filtered(lambda f: recevabilite[f.id]["completude"] == "incomplet")
        incompletes._ouvrir_demandes({f.id: recevabilite[f.id]["manque"] for f in incompletes})
        (feuilles - incompletes)._affecter_au_moins_charge()

    def _donner_numeros(self, agences, depots):
        """Rend les numéros du lot, dans l'ordre des feuilles : AGENCE-ANNÉE-RANG, sans trou."""
        besoins = Counter((agence.id, jour.year) for agence, jour in zip(agences, depots))
        suivants = self.env["cnas.compteur_depot"].sudo()._reserver(besoins)
        numeros = []
        for agence, jour in zip(agences, depots):
            cle = (agence.id, jour.year)
            numeros.append(f"{agence.code}-{jour.year}-{suivants[cle]:06d}")
            suivants[cle] += 1
        return numeros

    def _ecrire_depot(self, agences, depots, numeros, recevabilite):
        """Écrit le dépôt de tout le lot en une requête, journal compris.

        Les faits se recopient à la date des soins : régime, niveau et type de la formation.
        """
        self.env.flush_all()
        etats = ["instance" if recevabilite[f.id]["completude"] == "incomplet" else "deposee" for f in self]
        self.env.cr.execute(f"""
            UPDATE cnas_feuille_soin f
               SET numero = v.numero, agence_id = v.agence_id, date_depot = v.date_depot, state = v.state,
                   etat_droits = v.etat_droits, completude = v.completude, regime_id = v.regime_id,
                   niveau_formation = COALESCE(t.niveau, s.niveau),
                   type_formation = COALESCE(t.type_formation, s.type_formation), deposee_par_id = %s,
                   write_uid = %s, write_date = (now() AT TIME ZONE 'UTC')
              FROM unnest(%s::int[], %s::varchar[], %s::int[], %s::date[], %s::varchar[], %s::varchar[], %s::varchar[],
                          %s::int[])
                   AS v (id, numero, agence_id, date_depot, state, etat_droits, completude, regime_id),
                   cnas_feuille_soin d
                   JOIN cnas_formation_sanitaire s ON s.id = d.formation_id
                   {sql_type_au("s.id", "d.date_soins")}
             WHERE f.id = v.id AND d.id = v.id AND f.state = 'brouillon'
        """, [
            self.env.uid, self.env.uid, self.ids, numeros, [a.id for a in agences], depots, etats,
            [recevabilite[f.id]["etat_droits"] for f in self], [recevabilite[f.id]["completude"] for f in self],
            [recevabilite[f.id]["regime_id"] for f in self],
        ])
        ecrits = ["numero", "agence_id", "date_depot", "state", "etat_droits", "completude", "regime_id",
                  "niveau_formation", "type_formation", "deposee_par_id", "write_uid", "write_date"]
        self.invalidate_recordset(ecrits)
        self.modified(ecrits)
        self._inscrire_passages([(f.id, "brouillon", etat) for f, etat in zip(self, etats)], _("Dépôt"), "depot")
        self._tracer_depots_dates(dict(zip(numeros, depots)))

    def _tracer_depots_dates(self, depots):
        """Trace qui a daté un dépôt d'un autre jour que celui de l'enregistrement : une ligne pour le lot."""
        aujourdhui = aujourd_hui()
        dates = {numero: str(jour) for numero, jour in depots.items() if jour != aujourdhui}
        if dates:
            self.env["cnas.journal"]._ajouter([{
                "modele": self._name, "res_id": self.id if len(self) == 1 else 0, "evenement": "depot_date",
                "apres": dates, "motif": _("Dépôt daté par l'agent")}])

    # ------------------------------------------------------------------ recevabilité
    def _calculer_recevabilite(self):
        """Recalcule `etat_droits` et `completude` (la nature suit seule) et les écrit.

        :return: le dictionnaire de `_recevabilite_par_lot`
        """
        recevabilite = self.sudo()._recevabilite_par_lot(GUERISON)
        for (etat_droits, completude), feuilles in self.sudo().grouped(
                lambda f: (recevabilite[f.id]["etat_droits"], recevabilite[f.id]["completude"])).items():
            feuilles._ecrire({"etat_droits": etat_droits, "completude": completude}, suivi=False)
        return recevabilite

    def _recevabilite_par_lot(self, codes=COMPLETUDE):
        """Dit, pour chaque feuille du lot, si les droits sont ouverts et ce qui manque au dossier.

        Ce qui manque est ce que disent les règles de complétude du moteur ; leurs anomalies s'écrivent.

        :return: {id: {"etat_droits", "regime_id", "completude", "manque": [phrase…]}}
        """
        resultat = {}
        for lot in execution.simuler(self.env, REGLES, self.ids, codes=codes):
            ecrire_anomalies(self.env.cr, lot)
            for feuille in lot.feuilles:
                manque = [c.valeurs.get("piece") or c.message for c in feuille.anomalies if c.severite == "instance"]
                resultat[feuille.id] = {"etat_droits": feuille.etat_droits, "manque": manque, "regime_id": feuille.regime_id,
                                        "completude": "incomplet" if manque else "complet"}
        self.env["cnas.anomalie"].invalidate_model(flush=False)
        self.invalidate_recordset(["anomalie_ids"], flush=False)
        return resultat

    def _pieces_manquantes(self):
        """Rend les pièces exigées et absentes du lot (règle REC-03) : {feuille_id: {type_piece_id: nom du type}}."""
        return {feuille.id: constat.valeurs["types"]
                for lot in execution.simuler(self.env, REGLES, self.ids, codes=("REC-03",))
                for feuille in lot.feuilles for constat in feuille.anomalies}
