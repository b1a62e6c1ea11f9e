from collections import Counter

from odoo import _, fields, models
from odoo.exceptions import UserError

from odoo.addons.cnas_base.garde import transition


class FeuilleSoin(models.Model):
    """Dépôt et recevabilité : numéro sans trou, droits à la date des soins, pièces exigées."""

    _inherit = "cnas.feuille_soin"

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
        aujourdhui = fields.Date.context_today(self)
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
        aujourdhui = fields.Date.context_today(self)
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
        """Écrit le dépôt de tout le lot en une requête, journal compris."""
        self.env.flush_all()
        etats = ["instance" if recevabilite[f.id]["completude"] == "incomplet" else "deposee" for f in self]
        self.env.cr.execute("""
            UPDATE cnas_feuille_soin f
               SET numero = v.numero, agence_id = v.agence_id, date_depot = v.date_depot, state = v.state,
                   etat_droits = v.etat_droits, completude = v.completude, deposee_par_id = %s,
                   write_uid = %s, write_date = (now() AT TIME ZONE 'UTC')
              FROM unnest(%s::int[], %s::varchar[], %s::int[], %s::date[], %s::varchar[], %s::varchar[], %s::varchar[])
                   AS v (id, numero, agence_id, date_depot, state, etat_droits, completude)
             WHERE f.id = v.id AND f.state = 'brouillon'
        """, [
            self.env.uid, self.env.uid, self.ids, numeros, [a.id for a in agences], depots, etats,
            [recevabilite[f.id]["etat_droits"] for f in self], [recevabilite[f.id]["completude"] for f in self],
        ])
        ecrits = ["numero", "agence_id", "date_depot", "state", "etat_droits", "completude", "deposee_par_id",
                  "write_uid", "write_date"]
        self.invalidate_recordset(ecrits)
        self.modified(ecrits)
        self._inscrire_passages([(f.id, "brouillon", etat) for f, etat in zip(self, etats)], _("Dépôt"), "depot")

    # ------------------------------------------------------------------ recevabilité
    def _calculer_recevabilite(self):
        """Recalcule `etat_droits` et `completude` (la nature suit seule) et les écrit.

        :return: le dictionnaire de `_recevabilite_par_lot`
        """
        recevabilite = self.sudo()._recevabilite_par_lot()
        groupes = {}
        for feuille in self.sudo():
            fait = recevabilite[feuille.id]
            groupes.setdefault((fait["etat_droits"], fait["completude"]), []).append(feuille.id)
        for (etat_droits, completude), ids in groupes.items():
            self.sudo().browse(ids)._ecrire({"etat_droits": etat_droits, "completude": completude}, suivi=False)
        return recevabilite

    def _recevabilite_par_lot(self):
        """Dit, pour chaque feuille du lot, si les droits sont ouverts et ce qui manque au dossier.

        :return: {id: {"etat_droits", "motif_droits", "completude", "manque": [phrase…]}}
        """
        droits = self.env["cnas.assure"]._droits_par_lot(
            list({(feuille.assure_id.id, feuille.date_soins) for feuille in self}))
        pieces = self._pieces_manquantes()
        resultat = {}
        for feuille in self:
            droit = droits.get((feuille.assure_id.id, feuille.date_soins)) or {}
            manque = list(pieces.get(feuille.id, {}).values())
            if not feuille.pathologie_id:
                manque.append(_("diagnostic codé"))
            resultat[feuille.id] = {
                "etat_droits": droit.get("etat") or "fermes",
                "motif_droits": droit.get("motif") or "",
                "completude": "incomplet" if manque else "complet",
                "manque": manque,
            }
        return resultat

    def _pieces_manquantes(self):
        """Rend les pièces exigées et absentes du lot, en trois requêtes au plus.

        :return: {feuille_id: {type_piece_id: nom du type}}
        """
        exigences = self.env["cnas.piece_exigee"].sudo().search([])
        modes, soins = set(self.mapped("mode")), set(self.mapped("type_soins"))
        exigences = exigences.filtered(
            lambda e: (not e.mode or e.mode in modes) and (not e.type_soins or e.type_soins in soins))
        if not exigences:
            return {}
        contenus, jointes = self._contenus_et_pieces()
        manquantes = {}
        for feuille in self:
            for exigence in exigences:
                if (exigence.type_piece_id.id not in jointes.get(feuille.id, ())
                        and exigence._concerne(feuille, contenus.get(feuille.id, ()))):
                    manquantes.setdefault(feuille.id, {})[exigence.type_piece_id.id] = exigence.type_piece_id.display_name
        return manquantes

    def _contenus_et_pieces(self):
        """Rend {feuille: {(type, catégorie) de ses prestations}} et {feuille: {types de ses pièces}}."""
        self.env.flush_all()
        self.env.cr.execute("""
            SELECT l.feuille_id, p.type_prestation, p.categorie
              FROM cnas_feuille_soin_ligne l JOIN cnas_prestation p ON p.id = l.prestation_id
             WHERE l.feuille_id = ANY(%s)
        """, [self.ids])
        contenus = {}
        for feuille_id, type_prestation, categorie in self.env.cr.fetchall():
            contenus.setdefault(feuille_id, set()).add((type_prestation, categorie))
        self.env.cr.execute(
            "SELECT feuille_id, type_id FROM cnas_feuille_soin_piece WHERE feuille_id = ANY(%s)", [self.ids])
        jointes = {}
        for feuille_id, type_id in self.env.cr.fetchall():
            jointes.setdefault(feuille_id, set()).add(type_id)
        return contenus, jointes
