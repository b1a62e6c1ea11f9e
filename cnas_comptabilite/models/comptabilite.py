import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import date

from odoo import _, api, models
from odoo.exceptions import AccessError, UserError

from odoo.addons.cnas_base.ecriture import ecrire_date, ecrire_mois
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.lecture import lire_date
from odoo.addons.cnas_facturation.adaptateurs.adaptateur import cle_d_ordre

from .roles import COMPTABLE


@dataclass(frozen=True, kw_only=True)
class Mouvement:
    """Un débit et un crédit du même montant, nés d'un fait ; négatif, il s'inverse. Une pièce en rassemble autant que sa source en a ce jour-là."""

    fait: tuple               # (modèle, id) : ce qui ne se comptabilise qu'une fois
    evenement: str            # « constat », « paiement », « rejet », « annulation »…
    source: tuple             # (modèle, id) : ce qui fait la pièce (un lot réunit ses ordres)
    piece: str                # le numéro que porte la pièce
    jour: date
    jour_schema: date | bool = False  # d'une contre-passation : le jour de ce qu'elle défait, pour en reprendre les comptes
    operation: str            # du schéma comptable
    montant: int
    regime: int | bool = False
    type_prestation: str | bool = False
    voie: str | bool = False
    partenaire: int | bool = False
    tiers: str = ""
    direct: bool = False      # l'assuré lui-même : son compte, pas celui des formations
    tresorerie: int = 0       # +1 : entre au débit, -1 : sort au crédit
    references: tuple = ()    # ce qu'une banque peut redire
    origine: tuple = ()       # (modèle, id, événement) de ce qu'il contre-passe
    comptes: tuple = ()       # (débit, crédit, journal) : hors schéma, pour une imputation choisie à l'écran
    libelle: str = ""

    @property
    def cle(self):
        return ",".join(map(str, (*self.fait, self.evenement)))


class Comptabilite(models.AbstractModel):
    """Le moteur : des faits de la caisse aux pièces d'`account`, par lots.

    Chaque source (`_sources_comptables`) rend en une requête les faits pas encore comptabilisés ; une pièce par décompte, par lot de
    paiement et par jour, par indu, par remboursement, par provision, datée du jour du fait. Toutes s'écrivent en un nombre constant de
    requêtes, numérotées sans trou par journal et par année. Ce qui corrige un fait est un autre fait, dont la pièce contre-passe la
    première. Un mois clos ne reçoit rien.
    """

    _name = "cnas.comptabilite"
    _description = "Comptabilisation"

    # ------------------------------------------------------------------ actions
    @api.model
    def comptabiliser(self, jusqu_au=None):
        """Comptabilise tous les faits datés jusqu'à un jour ; rejouable, rien n'y passe deux fois.

        :param jusqu_au: dernier jour des faits, date ou « AAAA-MM-JJ » (défaut : aujourd'hui)
        :return: {"pieces": écrites, "faits": comptabilisés, "retenus": faits datés d'un mois clos, laissés de côté}
        :raise AccessError: ni agent comptable, ni programme
        :raise UserError: compte, journal ou ligne du schéma manquants
        """
        self._exiger_comptable()
        moteur = self.sudo()
        moteur._reserver()
        jour, verrou = lire_date(jusqu_au) if jusqu_au else aujourd_hui(), moteur._verrou()
        mouvements = [m for source in moteur._sources_comptables() for m in getattr(moteur, source)(jour)]
        retenus = {m.cle for m in mouvements if m.jour <= verrou}
        pieces, faits = moteur._passer([m for m in mouvements if m.jour > verrou])
        return {"pieces": pieces, "faits": faits, "retenus": len(retenus)}

    @api.model
    def _comptabiliser_la_nuit(self):
        """La tâche de nuit : les faits du jour et d'avant ont leur pièce."""
        return self.comptabiliser()

    # ------------------------------------------------------------------ points d'extension
    @api.model
    def _sources_comptables(self):
        """Rend les noms des méthodes qui lisent des faits : `methode(jusqu_au)` rend une liste de `Mouvement`.

        Un addon ajoute les siens ; celui qui tient ses propres pièces (les cotisations) n'en ajoute pas : les états lisent `account`.
        """
        return ["_source_decomptes", "_source_paiements", "_source_rejets", "_source_indus", "_source_remboursements", "_source_provisions"]

    # ------------------------------------------------------------------ périodes
    @api.model
    def _verrou(self):
        """Rend le dernier jour clos de la société."""
        societe = self.env["cnas.plan_comptes"].societe()
        return max(societe.fiscalyear_lock_date or date.min, societe.period_lock_date or date.min)

    @api.model
    def _exiger_mois_ouvert(self, jours):
        """Refuse d'une phrase un fait daté d'un mois clos.

        :param jours: dates
        :raise UserError: l'une est close
        """
        verrou = self._verrou()
        clos = sorted(jour for jour in jours if jour and jour <= verrou)
        if clos:
            raise UserError(_("Ce mois est clos : %(mois)s (jusqu'au %(verrou)s). Rien ne s'y écrit plus. Datez l'opération d'un mois ouvert.",
                              mois=ecrire_mois(clos[0]), verrou=ecrire_date(verrou)))

    # ------------------------------------------------------------------ écriture
    @api.model
    def _passer(self, mouvements):
        """Écrit les pièces de ces mouvements ; rend (nombre de pièces, nombre de faits).

        :raise UserError: mois clos, compte, journal ou ligne du schéma manquants
        """
        mouvements = [m for m in mouvements if m.montant]
        if not mouvements:
            return 0, 0
        self._exiger_mois_ouvert({m.jour for m in mouvements})
        pieces = self._ranger(mouvements)
        self._numeroter(pieces)
        self._inserer_pieces(pieces)
        self._inserer_lignes(pieces)
        faits = self._inserer_faits(pieces)
        self.env["account.move"].invalidate_model()
        self.env["account.move.line"].invalidate_model()
        self.env["cnas.fait_comptable"].invalidate_model()
        return len(pieces), faits

    def _ranger(self, mouvements):
        """Rend les pièces, dans l'ordre des jours : [{source, jour, journal, mouvements, lignes}]."""
        schema = self.env["cnas.schema_comptable"]
        schemas = schema.search([]).grouped("operation")
        regimes = {r.id: r.code for r in self.env["cnas.regime"].search([])}
        titres = dict(schema._fields["operation"]._description_selection(self.env))
        groupes, imputations, choisis = defaultdict(list), [], {}
        for m in mouvements:
            cle = (m.operation, m.jour_schema or m.jour, m.regime, m.type_prestation, m.voie, m.direct, m.comptes)
            if cle not in choisis:
                choisis[cle] = m.comptes or self._imputer(schema, schemas, m)
            imputations.append((m, *choisis[cle]))
            groupes[m.source, m.evenement, m.piece, m.jour, m.voie].append(imputations[-1])
        plan = self.env["cnas.plan_comptes"]
        comptes = plan._par_code({code for _m, *deux, _j in imputations for code in deux})
        journaux = plan._journaux_par_code({journal for *_reste, journal in imputations})
        pieces = []
        for (source, _evenement, numero, jour, _voie), siens in sorted(groupes.items(), key=lambda g: (g[0][3], g[0][2], g[0][0], g[0][1])):
            lignes = defaultdict(int)
            for m, debit, credit, _journal in siens:
                titre = m.libelle or titres[m.operation]
                # La trésorerie bouge d'une somme par pièce ; les charges se disent par régime, les tiers par tiers.
                neutre, detail = (False, numero), f"{titre}, {regimes[m.regime]}" if m.regime else titre
                for compte, signe, dit in ((comptes[debit], 1, (m.partenaire, detail)), (comptes[credit], -1, (m.partenaire, titre))):
                    partenaire, libelle = neutre if m.tresorerie == signe else dit
                    lignes[compte, partenaire, libelle] += signe * m.montant
            tiers = sorted({m.tiers for m, *_reste in siens if m.tiers})
            pieces.append({
                "source": source, "jour": jour, "journal": journaux[siens[0][3]], "numero": numero, "mouvements": siens,
                "ref": f"{numero}, {tiers[0]}" if len(tiers) == 1 else numero, "comptes": comptes,
                "lignes": [(compte, partenaire, libelle, solde) for (compte, partenaire, libelle), solde in lignes.items() if solde]})
        return [piece for piece in pieces if piece["lignes"]]

    def _imputer(self, schema, schemas, m):
        """Rend (compte débité, compte crédité, journal) d'un mouvement ; ce qui revient à l'assuré passe par son compte."""
        jour = m.jour_schema or m.jour
        ligne = schema._choisir(schemas, m.operation, jour, m.regime, m.type_prestation, m.voie)
        debit, credit = ligne.compte_debit, ligne.compte_credit
        if m.direct and m.operation in ("complement", "compensation"):
            assure = schema._choisir(schemas, "liquidation_assure", jour).compte_credit
            debit, credit = (debit, assure) if m.operation == "complement" else (assure, credit)
        return debit, credit, ligne.journal

    def _numeroter(self, pieces):
        """Donne à chaque pièce son numéro : sans trou, par journal et par année."""
        prefixes = {(p["journal"].id, f"{p['journal'].code}/{p['jour'].year}/") for p in pieces}
        self.env.cr.execute("""
            SELECT journal_id, sequence_prefix, MAX(sequence_number) FROM account_move
             WHERE (journal_id, sequence_prefix) IN %s GROUP BY 1, 2""", [tuple(prefixes)])
        rangs = {(journal, prefixe): rang or 0 for journal, prefixe, rang in self.env.cr.fetchall()}
        for piece in pieces:
            cle = piece["journal"].id, f"{piece['journal'].code}/{piece['jour'].year}/"
            rangs[cle] = rangs.get(cle, 0) + 1
            piece["prefixe"], piece["rang"], piece["name"] = cle[1], rangs[cle], f"{cle[1]}{rangs[cle]:05d}"

    def _inserer_pieces(self, pieces):
        """Écrit les pièces, comptabilisées d'emblée, en une requête ; l'ORM en ferait plusieurs par pièce."""
        societe = self.env["cnas.plan_comptes"].societe()
        rangs = [{
            "name": p["name"], "ref": p["ref"][:250], "date": str(p["jour"]), "journal_id": p["journal"].id,
            "sequence_prefix": p["prefixe"], "sequence_number": p["rang"], "modele": p["source"][0], "res_id": p["source"][1],
            "total": sum(solde for *_reste, solde in p["lignes"] if solde > 0),
        } for p in pieces]
        self.env.cr.execute("""
            INSERT INTO account_move (
                name, ref, date, journal_id, company_id, currency_id, state, move_type, auto_post, posted_before, sequence_prefix,
                sequence_number, payment_state, always_tax_exigible, to_check, is_storno, is_move_sent, amount_untaxed, amount_tax,
                amount_total, amount_residual, amount_untaxed_signed, amount_tax_signed, amount_total_signed,
                amount_total_in_currency_signed, amount_residual_signed, cnas_modele, cnas_res_id, create_uid, write_uid, create_date,
                write_date)
            SELECT x.name, x.ref, x.date, x.journal_id, %(societe)s, %(monnaie)s, 'posted', 'entry', 'no', true, x.sequence_prefix,
                   x.sequence_number, 'not_paid', true, false, false, false, 0, 0, x.total, 0, 0, 0, x.total, x.total, 0, x.modele, x.res_id,
                   %(uid)s, %(uid)s, now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC'
              FROM jsonb_to_recordset(%(rangs)s::jsonb) AS x(
                   name varchar, ref varchar, date date, journal_id int, sequence_prefix varchar, sequence_number int, modele varchar,
                   res_id int, total numeric)
            RETURNING journal_id, name, id""",
            {"societe": societe.id, "monnaie": societe.currency_id.id, "uid": self.env.uid, "rangs": json.dumps(rangs)})
        ids = {(journal, nom): identifiant for journal, nom, identifiant in self.env.cr.fetchall()}
        for piece in pieces:
            piece["id"] = ids[piece["journal"].id, piece["name"]]

    def _inserer_lignes(self, pieces):
        rangs = [{
            "move_id": p["id"], "account_id": compte.id, "partner_id": partenaire or None, "name": libelle, "solde": solde, "sequence": rang,
        } for p in pieces for rang, (compte, partenaire, libelle, solde) in enumerate(
            sorted(p["lignes"], key=lambda ligne: (ligne[3] < 0, ligne[0].code, ligne[2])), 1)]
        self.env.cr.execute("""
            INSERT INTO account_move_line (
                move_id, journal_id, company_id, company_currency_id, currency_id, sequence, account_id, account_root_id, partner_id,
                move_name, parent_state, ref, name, display_type, date, date_maturity, debit, credit, balance, amount_currency,
                amount_residual, amount_residual_currency, reconciled, blocked, quantity, tax_tag_invert, discount, create_uid, write_uid,
                create_date, write_date)
            SELECT m.id, m.journal_id, m.company_id, m.currency_id, m.currency_id, x.sequence, a.id, a.root_id, x.partner_id,
                   m.name, 'posted', m.ref, x.name, 'product', m.date,
                   CASE WHEN a.account_type IN ('liability_payable', 'asset_receivable') THEN m.date END,
                   GREATEST(x.solde, 0), GREATEST(-x.solde, 0), x.solde, x.solde,
                   CASE WHEN a.reconcile THEN x.solde ELSE 0 END, CASE WHEN a.reconcile THEN x.solde ELSE 0 END, false, false, 1, false, 0,
                   %(uid)s, %(uid)s, now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC'
              FROM jsonb_to_recordset(%(rangs)s::jsonb) AS x(
                   move_id int, account_id int, partner_id int, name varchar, solde numeric, sequence int)
              JOIN account_move m ON m.id = x.move_id JOIN account_account a ON a.id = x.account_id""",
            {"uid": self.env.uid, "rangs": json.dumps(rangs)})

    def _inserer_faits(self, pieces):
        """Écrit un fait par clé, relié à sa pièce ; relie une contre-passation à la pièce qu'elle défait."""
        faits = {}
        for piece in pieces:
            for m, debit, credit, _journal in piece["mouvements"]:
                fait = faits.setdefault(m.cle, {
                    "cle": m.cle, "cle_origine": ",".join(map(str, m.origine)) or None, "modele": m.fait[0], "res_id": m.fait[1],
                    "evenement": m.evenement, "move_id": piece["id"], "date": str(m.jour), "libelle": f"{m.piece} {m.tiers}".strip(),
                    "reference": " ".join(dict.fromkeys(filter(None, map(cle_d_ordre, m.references)))), "montant": 0, "tresorerie": 0,
                    "compte": None})
                fait["montant"] += m.montant
                if m.tresorerie:
                    fait["tresorerie"] += m.tresorerie * m.montant
                    fait["compte"] = piece["comptes"][debit if m.tresorerie > 0 else credit].id
        self.env.cr.execute("""
            INSERT INTO cnas_fait_comptable (cle, cle_origine, modele, res_id, evenement, move_id, date, libelle, reference, montant,
                tresorerie, compte_tresorerie_id, create_uid, write_uid, create_date, write_date)
            SELECT x.cle, x.cle_origine, x.modele, x.res_id, x.evenement, x.move_id, x.date, x.libelle, x.reference, x.montant,
                   x.tresorerie, x.compte, %(uid)s, %(uid)s, now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC'
              FROM jsonb_to_recordset(%(rangs)s::jsonb) AS x(
                   cle varchar, cle_origine varchar, modele varchar, res_id int, evenement varchar, move_id int, date date,
                   libelle varchar, reference varchar, montant numeric, tresorerie numeric, compte int)""",
            {"uid": self.env.uid, "rangs": json.dumps(list(faits.values()))})
        self.env.cr.execute("""
            UPDATE account_move m SET reversed_entry_id = o.move_id
              FROM cnas_fait_comptable f JOIN cnas_fait_comptable o ON o.cle = f.cle_origine
             WHERE f.move_id = m.id AND m.id = ANY(%s) AND m.reversed_entry_id IS NULL""", [[p["id"] for p in pieces]])
        return len(faits)

    # ------------------------------------------------------------------ privé
    @api.model
    def _exiger_comptable(self):
        if not (self.env.su or self.env.user.has_group(COMPTABLE)):
            raise AccessError(_("Seul l'agent comptable passe des pièces."))

    def _reserver(self):
        """Un seul comptabilise à la fois : les numéros se suivent, un fait ne passe qu'une fois."""
        self.env.flush_all()
        # Réécrits, même sans changement : qui a lu les pièces avant nous, et réserve après, recommence et relit.
        self.env.cr.execute("UPDATE account_journal SET write_date = write_date WHERE company_id = %s",
                            [self.env["cnas.plan_comptes"].societe().id], log_exceptions=False)
